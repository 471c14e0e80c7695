#pragma once

#include "gateway/core/error.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tailops::mcp {

/// What a header that may stand only once says.
struct SingleHeader {
    enum class State {
        absent,
        present,
        conflicting,  // repeated with different values
        not_text,     // holds bytes outside 0x20-0x7E and tab (RFC 9110 section 5.5)
    };
    State state{State::absent};
    std::string_view value;  // without the white space around it; set when present
};

/// Repeating a header with one and the same value is no conflict.
SingleHeader single_header(const http::Headers& headers, std::string_view name);

/// Undoes the value encoding of MCP 2026-07-28 (transports/streamable-http, Value Encoding):
/// `=?base64?...?=` is canonical base64 of UTF-8, anything else stands for itself.
/// Errors: invalid_argument (bytes that no header may hold, bad base64, bad UTF-8).
Result<std::string> decode_header_value(std::string_view value);

/// Whether `value` may be sent as it is, rather than encoded: the client side of the same rule.
bool is_plain_header_value(std::string_view value) noexcept;

/// `value` as it must stand in a header.
std::string encode_header_value(std::string_view value);

/// What a client can read, from its Accept headers.
struct Accepts {
    bool json{true};
    bool events{true};
};

/// Missing and `*/*` mean both; `;q=0` takes a type out (RFC 9110 section 12.5.1).
Accepts accepts(const http::Headers& headers);

/// Whether the Content-Type is application/json, with whatever parameters.
bool is_json_content(const http::Headers& headers);

}  // namespace tailops::mcp
