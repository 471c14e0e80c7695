#pragma once

#include "gateway/http/exchange.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace tailops::http {

enum class After { keep_alive, close };
enum class Framing { none, length, chunked };

struct AnswerHead {
    int status{200};
    const Headers& headers;
    After after{After::keep_alive};
    Framing framing{Framing::length};
    std::size_t body_bytes{0};
};

/// Appends the status line and headers to `out`, the empty line included. A header whose name or
/// value could end the line early is left out: no caller's text can add headers of its own.
/// Lengths, codings, Connection and Date are ours.
void append_head(std::string& out, const AnswerHead& head);

/// Appends a piece of a body, as one HTTP chunk where it goes in chunks. An empty one is nothing.
void append_piece(std::string& out, Framing framing, std::string_view piece);

/// Appends one event as one HTTP chunk (or bare, for a client without chunks): `id:` when not
/// empty, a `data:` line per line of `data` (WHATWG HTML section 9.2.6).
void append_event(std::string& out, Framing framing, std::string_view id, std::string_view data);

/// Appends a comment line in the same way.
void append_priming(std::string& out,
                    Framing framing,
                    std::string_view id,
                    std::chrono::milliseconds retry);
void append_comment(std::string& out, Framing framing, std::string_view text);

/// The answer that refuses a request: {"error": message}.
Reply refusal_reply(int status, std::string_view message);

/// The same in the shape that a door gives it, by the path that the request names; empty: none.
using RefusalShape =
    std::function<Reply(int status, std::string_view message, std::string_view path)>;
/// The shape of refusal_reply, whatever the path.
inline Reply plain_refusal(int status, std::string_view message, std::string_view /*path*/)
{
    return refusal_reply(status, message);
}

}  // namespace tailops::http
