#pragma once

#include "gateway/http/exchange.hpp"

#include <string_view>

namespace tailops::mcp {

/// The answer that refuses an HTTP request: JSON-RPC-shaped without an id below /mcp, which clients
/// of the protocol read, else http::refusal_reply.
http::Reply refusal_shape(int status, std::string_view message, std::string_view path);

}  // namespace tailops::mcp
