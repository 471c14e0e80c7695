#pragma once

#include "gateway/tools/kit/fields.hpp"
#include "gateway/tools/shown_output.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What file_operations takes and shows.
namespace tailops::tools::files {

enum class Action { list, info, read, tail, search };

constexpr std::array<std::string_view, 5> words(Action)
{
    return {"list", "info", "read", "tail", "search"};
}

struct FileWanted {
    Action action{};
    std::string path{};
    std::int64_t lines{100};
    std::int64_t offset{};
    std::string pattern{"*"};

    static void fields(kit::Fields& f, FileWanted& s);
};

struct OtherEntry {
    std::string name{}, type{};

    static void fields(kit::Fields& f, OtherEntry& s);
};

/// Of every action: what a member is not about is absent.
struct FileAnswer {
    bool success{};
    std::optional<std::string> error{};
    std::optional<std::vector<std::string>> allowed_paths{};
    Action action{};
    std::string path{};
    std::optional<std::string> opened{};
    std::optional<bool> exists{};
    std::optional<std::string> type{};
    std::optional<std::int64_t> size{};
    std::optional<std::string> modified{}, changed{}, created{}, permissions{};
    std::optional<std::int64_t> owner_uid{}, group_gid{};
    std::optional<std::string> owner{}, group{};
    std::optional<std::int64_t> links{};
    std::optional<std::string> link_target{};
    std::optional<std::int64_t> total{};
    std::optional<std::vector<kit::Json>> files{};
    std::optional<std::vector<std::string>> directories{};
    std::optional<std::vector<OtherEntry>> others{};
    std::optional<std::int64_t> total_lines{}, offset{}, lines_returned{};
    TextOutput content{};
    std::optional<bool> binary{}, has_more{};
    std::optional<std::string> pattern{}, directory{};
    std::optional<std::size_t> count{};
    std::optional<std::int64_t> withheld{};

    static void fields(kit::Fields& f, FileAnswer& s);
};

}  // namespace tailops::tools::files
