#pragma once

#include "gateway/http/exchange.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::http {

/// Why a message is not accepted: the answer it gets before the connection closes.
struct Refusal {
    int status{400};
    std::string_view message;  // a literal
};

/// The request line and headers of one request, taken apart. Nothing of it has been believed yet.
struct MessageHead {
    std::string method;
    std::string path;       // as sent, without the query; "*" for the asterisk form
    std::string query;      // without "?"
    std::string authority;  // of an absolute-form target; else empty
    Headers headers;
    bool is_http11{false};
    bool wants_close{false};
    bool expects_continue{false};
    bool is_chunked{false};
    std::optional<std::uint64_t> content_length;
};

/// Looks for the end of a request head in bytes as they arrive, and refuses line endings that two
/// servers could read differently (bare LF, folded lines) as soon as they show. Pure.
class HeadScanner {
public:
    /// `bytes` begins where the head begins and only grows between calls. Returns the head's length
    /// with its empty line, or 0 when the end is not there yet.
    std::expected<std::size_t, Refusal> scan(std::string_view bytes);

private:
    std::size_t line_start_{0};
    std::size_t scanned_{0};
};

/// The path that the first line of a head names, without the query; empty when it names none. Not
/// believed any more than the head: it tells what an answer that refuses the head looks like. Pure.
std::string_view path_in(std::string_view head);

/// Reads a complete head, its empty line included, as HeadScanner found it: RFC 9112, without
/// anything that makes two readers disagree on where a message ends. Both lengths and transfer
/// codings, repeated or listed lengths, codings other than chunked, folding and space before a
/// colon are refused. Pure.
std::expected<MessageHead, Refusal> parse_head(std::string_view bytes);

}  // namespace tailops::http
