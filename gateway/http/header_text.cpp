#include "gateway/http/header_text.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::http {
namespace {

constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

bool is_token_character(char c) noexcept
{
    const char low = lower(c);
    if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9')) return true;
    return c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool has_prefix_ignoring_case(std::string_view text, std::string_view prefix) noexcept
{
    return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool list_contains(std::string_view list, std::string_view token) noexcept
{
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (equal_ignoring_case(trim(list.substr(0, end)), token)) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

FoundHeader find_header(const Headers& headers, std::string_view name) noexcept
{
    FoundHeader found;
    for (const auto& [key, value] : headers) {
        if (!equal_ignoring_case(key, name)) continue;
        if (found.count++ == 0) found.first = value;
    }
    return found;
}

}  // namespace tailops::http
