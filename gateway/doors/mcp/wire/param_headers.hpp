#pragma once

#include "gateway/core/error.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace tailops::mcp {

/// One tool argument that clients mirror into an HTTP header, so that proxies can route by it
/// (MCP 2026-07-28, transports/streamable-http, Custom Headers from Tool Parameters).
struct ParamHeader {
    enum class Type { string, integer, boolean };
    std::string header;             // "Mcp-Param-Region"
    std::vector<std::string> path;  // the chain of property names from the root
    Type type{Type::string};
};

/// The `x-mcp-header` annotations of a tool's input schema.
/// Errors: invalid_argument when one breaks a rule of the specification: clients then drop the
/// whole tool, so it must not be offered.
Result<std::vector<ParamHeader>> param_headers(const nlohmann::json& input_schema);

/// Checks the request's headers against the call's arguments: a value in the body needs its header,
/// equal after decoding; without one, the header is not looked at.
/// Errors: invalid_argument, naming the header (answered as HeaderMismatch).
Status check_param_headers(const std::vector<ParamHeader>& expected,
                           const http::Headers& headers,
                           const nlohmann::json& arguments);

}  // namespace tailops::mcp
