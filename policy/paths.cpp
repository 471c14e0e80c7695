#include "policy/paths.hpp"

namespace tailops::policy {

bool is_canonical_path(std::string_view path) noexcept
{
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
    if (path == "/") return true;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash that begins this segment
        const auto segment = path.substr(0, path.find('/'));
        if (segment.empty() || segment == "." || segment == "..") return false;
        path.remove_prefix(segment.size());
    }
    return true;
}

bool is_path_under(std::string_view path, std::string_view directory) noexcept
{
    if (directory == "/") return path.starts_with('/');
    if (!path.starts_with(directory)) return false;
    return path.size() == directory.size() || path[directory.size()] == '/';
}

}  // namespace tailops::policy
