#pragma once

#include "gateway/core/trace_context.hpp"
#include "gateway/doors/mcp/wire/errors.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/doors/mcp/wire/versions.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tailops::mcp {

/// What a modern request says of its sender in `_meta`. Self-reported: fit for display and for
/// knowing what the client can be asked, never for deciding what it may do.
struct Envelope {
    JsonPart capabilities;  // an object
    std::string client;     // clientInfo.name, or empty
    std::string log_level;  // empty: send no log messages
    std::optional<MessageId> progress_token;
};

struct ModernRequest {
    RpcRequest message;
    Envelope envelope;
};

struct ModernNotification {
    RpcNotification message;
};

/// Messages of a client that opened (or should have opened) with `initialize`.
struct LegacyMessages {
    std::vector<Message> messages;  // Malformed ones only in a batch, where the others still count
    bool is_batch{false};
};

using Classified = std::variant<ModernRequest, ModernNotification, LegacyMessages, Refusal>;

/// Tells the era of one POST from its body, and from its headers where the body makes no claim;
/// holds the headers of a modern request to its body (MCP 2026-07-28, basic/versioning and
/// transports/streamable-http, Server Validation). Pure. Which methods exist is not its matter.
Classified classify(const http::Headers& headers, Decoded decoded);
/// The same of a message that came by a line: its body alone tells.
Classified classify_line(Decoded decoded);

/// Whether the message says of itself, in `_meta`, that it is of the modern era.
bool claims_modern(const Message& message);

/// The `_meta.progressToken` of a request, of either era.
std::optional<MessageId> progress_token(const JsonPart& params);

/// The trace that a request belongs to: of `_meta`, else of the headers (MCP 2026-07-28, basic,
/// _meta). Nothing when neither says so, or what it says is not valid.
std::optional<TraceContext> trace_of(const http::Headers& headers, const JsonPart& params);

/// The params member that Mcp-Name must repeat for `method`, or empty.
std::string_view named_member(std::string_view method) noexcept;

/// The -32022 answer to a version that the modern era of this endpoint does not speak.
Refusal unsupported_version(std::string_view requested, std::optional<MessageId> id);

/// The versions that server/discover and -32022 name, as a JSON array. Only modern ones: a legacy
/// version is reached through `initialize`, never through `_meta`.
std::string_view supported_versions_json() noexcept;

}  // namespace tailops::mcp
