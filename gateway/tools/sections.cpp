#include "gateway/tools/sections.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

constexpr std::string_view marker = "@@tailops:5b1e8f2c9d47:";
constexpr std::string_view marker_end = "@@";

/// The name in a marker line, or empty when `line` is none.
std::string_view section_name(std::string_view line)
{
    if (!line.starts_with(marker) || !line.ends_with(marker_end)) return {};
    if (line.size() <= marker.size() + marker_end.size()) return {};
    return line.substr(marker.size(), line.size() - marker.size() - marker_end.size());
}

}  // namespace

Sections Sections::read(std::string_view output, std::string_view last)
{
    Sections out;
    std::string_view name;
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
        if (!name.empty()) out.sections_.emplace(name, output.substr(begin, end - begin));
    };
    for (std::size_t at = 0; at < output.size();) {
        const auto line_end = std::min(output.find('\n', at), output.size());
        const auto next = section_name(output.substr(at, line_end - at));
        const auto after = std::min(line_end + 1, output.size());
        if (!next.empty()) {
            close(at);
            name = next;
            if (out.first_.empty()) out.first_ = name;
            begin = after;
            if (name == last) break;
        }
        at = after;
    }
    close(output.size());
    return out;
}

std::string_view Sections::content_marker() noexcept
{
    return "@@tailops:5b1e8f2c9d47:content@@\n";
}

std::string_view Sections::whole(std::string_view name) const
{
    const auto at = sections_.find(name);
    return at == sections_.end() ? std::string_view{} : at->second;
}

std::string_view Sections::text(std::string_view name) const
{
    auto text = whole(name);
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> Sections::lines(std::string_view name) const
{
    const auto all = text(name);
    return all.empty() ? std::vector<std::string_view>{} : split(all, '\n');
}

Result<std::string_view> Sections::required(std::string_view name) const
{
    if (has(name)) return text(name);
    return fail(Errc::internal, "the target did not answer as a Linux host with /proc does: no \"" +
                                    std::string{name} + "\" in its answer");
}

std::vector<std::string_view> words(std::string_view line)
{
    std::vector<std::string_view> out;
    constexpr std::string_view blank = " \t\r\n";
    for (auto at = line.find_first_not_of(blank); at != std::string_view::npos;) {
        const auto end = std::min(line.find_first_of(blank, at), line.size());
        out.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(blank, end);
    }
    return out;
}

}  // namespace tailops::tools
