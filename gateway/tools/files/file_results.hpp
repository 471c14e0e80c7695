#pragma once

#include "gateway/core/error.hpp"
#include "gateway/tools/files/file_fields.hpp"
#include "gateway/tools/place.hpp"
#include "gateway/tools/secret_places.hpp"
#include "targets/operation.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// What the scripts of file_operations printed, as results. Pure but for what a judge is asked.
namespace tailops::tools::files {

/// What was asked for.
struct Question {
    Action action{};
    std::string path;  // canonical
    std::string pattern;
    std::int64_t offset{0};
    std::int64_t lines{100};
    std::vector<std::string> roots;
    std::shared_ptr<const OwnPlaces> own;  // null: not on the gateway's own machine
};

// Room for the content within the default output limit of 64 KiB.
constexpr std::size_t content_bytes_max = 60 * 1024;
// What one call reads of a file at most: the rest of it is kept for read_output.
constexpr std::size_t read_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t found_max = 100;  // as in the earlier system

/// Whether what was asked for may be asked for, as far as its text tells. Errors: denied.
Status check_text(const Question& question);

/// Whether the caller may have what a script opened, by what the script says of it before anything
/// else; `output` may be its beginning only. Errors: denied, approval_required, internal.
Status check_opened(const Question& question, std::string_view output, PlaceJudge& judge);

/// Errors: those of check_opened(), and internal.
Result<FileAnswer> present(const Question& question,
                           const targets::ExecutionResult& result,
                           PlaceJudge& judge);

}  // namespace tailops::tools::files
