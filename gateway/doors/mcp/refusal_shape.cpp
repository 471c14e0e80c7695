#include "gateway/doors/mcp/refusal_shape.hpp"

#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/http/answer.hpp"

namespace tailops::mcp {

http::Reply refusal_shape(int status, std::string_view message, std::string_view path)
{
    if (path != "/mcp" && !path.starts_with("/mcp/")) return http::refusal_reply(status, message);
    // -32600 invalid request, -32603 internal error (JSON-RPC 2.0 section 5.1).
    return {status,
            {{"Content-Type", "application/json"}},
            error_message(std::nullopt, status < 500 ? -32600 : -32603, message)};
}

}  // namespace tailops::mcp
