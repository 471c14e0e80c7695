#pragma once

#include "gateway/core/error.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tailops::mcp {

/// The error codes that this endpoint may send, each with its only meaning.
namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
// Until 2025-11-25 only: the modern era forbids it.
inline constexpr int legacy_resource_not_found = -32002;
inline constexpr int header_mismatch = -32020;
inline constexpr int missing_client_capability = -32021;
inline constexpr int unsupported_version = -32022;
// Ours, outside the range that JSON-RPC and MCP reserve (-32768 to -32000).
inline constexpr int request_cancelled = -32800;  // as the Language Server Protocol numbers it
inline constexpr int refused = -32803;  // by policy; as the Language Server Protocol numbers it
inline constexpr int insufficient_scope = 403;
}  // namespace code

/// A request that gets an error instead of a result, as both wires need it.
struct Refusal {
    int status{200};  // of HTTP; 200 carries the error in-band
    int code{code::internal_error};
    std::string message{};
    std::string data{};                 // JSON text, or empty
    std::optional<MessageId> id{};      // when it could be read
    std::vector<std::string> scopes{};  // of an insufficient_scope challenge
};

/// A complete message on its way out, and the HTTP status and headers it has when it is the whole
/// reply.
struct Answer {
    int status{200};
    http::Headers headers{};
    std::string body{};
    int error_code{0};  // of the JSON-RPC error in `body`; 0: a result
    std::string why{};  // of that error, for the log
};

/// What a failure becomes: every Errc has one row.
enum class FailureKind {
    protocol_error,  // a JSON-RPC error
    tool_error,      // a result with isError, for the model to read
    challenge,       // HTTP 403 with WWW-Authenticate
};
FailureKind kind_of(Errc) noexcept;

/// The JSON-RPC error that stands for `error`; only its public message crosses.
Refusal refusal_for(const Error& error, std::optional<MessageId> id);

/// What stands in for an answer when we failed.
Refusal internal_error(std::string message, std::optional<MessageId> id = {});

/// The refusal as a message. `headers` go with it when it is the whole reply.
Answer to_answer(Refusal refusal, http::Headers headers = {});

}  // namespace tailops::mcp
