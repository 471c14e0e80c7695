#include "gateway/tools/files/directory_entries.hpp"

#include "gateway/core/error.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/sections.hpp"

#include <cstdint>
#include <iterator>
#include <optional>

namespace tailops::tools::files {
namespace {

/// The first line of `text`, taken off it; nothing when its end is missing.
std::optional<std::string_view> take_line(std::string_view& text)
{
    const auto end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

/// The entries of one batch of the script, as far as they are there whole.
std::vector<DirectoryEntry> take_batch(std::string_view& text)
{
    const auto head = take_line(text);
    const auto counts = head ? words(*head) : std::vector<std::string_view>{};
    const auto names = counts.size() == 2 ? parse_int(counts[0], 1) : Result<std::int64_t>{0};
    const auto lines = counts.size() == 2 ? parse_int(counts[1], 0) : Result<std::int64_t>{0};
    if (!names || !lines) return {};
    std::vector<std::string_view> facts;
    for (std::int64_t i = 0; i < *lines; ++i) {
        const auto line = take_line(text);
        if (!line) return {};
        facts.push_back(*line);
    }
    std::vector<DirectoryEntry> out;
    for (std::int64_t i = 0; i < *names; ++i) {
        const auto end = text.find('\0');
        if (end == text.npos) break;
        auto name = text.substr(0, end);
        if (name.starts_with("./")) name.remove_prefix(2);
        text.remove_prefix(end + 1);
        // A name that vanished meanwhile has no line; then nobody can say which line is whose.
        const auto at = static_cast<std::size_t>(i);
        out.push_back(
            {.name = name,
             .facts = *lines == *names ? words(facts[at]) : std::vector<std::string_view>{}});
    }
    return out;
}

}  // namespace

std::vector<DirectoryEntry> entries_in(std::string_view text)
{
    std::vector<DirectoryEntry> out;
    for (;;) {
        auto batch = take_batch(text);
        if (batch.empty()) return out;
        out.insert(out.end(), std::make_move_iterator(batch.begin()),
                   std::make_move_iterator(batch.end()));
    }
}

}  // namespace tailops::tools::files
