#include "gateway/tools/path.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::tools {

bool has_control_characters(std::string_view text) noexcept
{
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

Result<std::string> canonical_path(std::string_view text)
{
    constexpr std::size_t path_max = 4096;  // PATH_MAX of Linux
    const auto refuse = [&](const char* why) {
        return fail(Errc::invalid_argument,
                    "the path " + quote(text) + " " + why + ", e.g. \"/var/log/syslog\"");
    };
    if (!text.starts_with('/')) return refuse("must be absolute");
    if (text.size() > path_max) return refuse("is too long");
    if (has_control_characters(text) || !is_valid_utf8(text)) {
        return refuse("must not hold control characters");
    }
    std::string out;
    for (const auto segment : split(text, '/')) {
        if (segment.empty() || segment == ".") continue;
        if (segment == "..") return refuse("must not hold \"..\"");
        out += '/';
        out += segment;
    }
    return out.empty() ? "/" : out;
}

bool is_under(std::string_view path, std::string_view directory) noexcept
{
    if (directory == "/") return path.starts_with('/');
    if (directory.empty() || !path.starts_with(directory)) return false;
    return path.size() == directory.size() || path[directory.size()] == '/';
}

bool is_under_any(std::string_view path, const std::vector<std::string>& directories) noexcept
{
    return std::ranges::any_of(directories,
                               [&](const auto& directory) { return is_under(path, directory); });
}

}  // namespace tailops::tools
