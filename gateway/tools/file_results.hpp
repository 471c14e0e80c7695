#pragma once

#include "gateway/core/error.hpp"
#include "targets/operation.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What the scripts of file_operations printed, as results. Pure.
namespace tailops::tools::files {

/// What was asked for.
struct Question {
    std::string action;  // list, info, read, tail, search
    std::string path;    // canonical
    std::string pattern;
    std::int64_t offset{0};
    std::int64_t lines{100};
    std::vector<std::string> roots;
};

// Room for the content within the default output limit of 64 KiB.
constexpr std::size_t content_bytes_max = 60 * 1024;
// What one call reads of a file at most: the rest of it is kept for read_output.
constexpr std::size_t read_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t found_max = 100;  // as in the earlier system

Result<nlohmann::json> present(const Question& question, const targets::ExecutionResult& result);

}  // namespace tailops::tools::files
