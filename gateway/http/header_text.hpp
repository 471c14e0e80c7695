#pragma once

#include "gateway/http/exchange.hpp"

#include <string_view>

namespace tailops::http {

/// The few comparisons that header names and values need. ASCII only, no allocation.

bool is_token_character(char c) noexcept;  // RFC 9110 section 5.6.2
inline bool is_blank(char c) noexcept
{
    return c == ' ' || c == '\t';
}
bool has_prefix_ignoring_case(std::string_view text, std::string_view prefix) noexcept;

/// Whether the comma-separated `list` contains `token`, compared without case.
bool list_contains(std::string_view list, std::string_view token) noexcept;

/// The values of `name` in `headers`: how many there are, and the first.
struct FoundHeader {
    std::size_t count{0};
    std::string_view first;
};
FoundHeader find_header(const Headers& headers, std::string_view name) noexcept;

}  // namespace tailops::http
