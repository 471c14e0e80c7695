#pragma once

#include "auth/principal.hpp"
#include "gateway/core/ids.hpp"
#include "gateway/http/exchange.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp {

/// What carries the messages of a client (MCP 2026-07-28, basic/transports).
enum class Binding {
    http,   // a request each, with headers that repeat what is in the body
    lines,  // one stream both ways, such as stdin and stdout: there are no headers
};

/// One HTTP request to the MCP endpoint, as the protocol sees it: authenticated, body complete.
/// What comes by lines has the shape of one, and no headers but that of a legacy session.
struct Inbound {
    std::string method;     // POST, GET, DELETE
    http::Headers headers;  // as sent, repeated ones repeated
    std::string body;
    auth::Principal principal;
    RequestId id;
    Binding binding{Binding::http};

    /// The values of `name`, compared without case.
    std::vector<std::string_view> header(std::string_view name) const;
};

}  // namespace tailops::mcp
