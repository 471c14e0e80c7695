#pragma once

#include "gateway/core/error.hpp"
#include "gateway/core/json.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tailops::mcp {

/// The id of a request or a progress token, echoed exactly: a string or a 64-bit integer, never
/// null, never a fraction (MCP 2026-07-28, basic/index, Requests).
class MessageId {
public:
    explicit MessageId(std::int64_t number) : value_{number} {}
    explicit MessageId(std::string text) : value_{std::move(text)} {}

    /// Nothing when `value` cannot be an id.
    static std::optional<MessageId> from(const nlohmann::json& value);

    void append_to(std::string& out) const;
    std::string text() const;
    friend bool operator==(const MessageId&, const MessageId&) = default;

private:
    std::variant<std::int64_t, std::string> value_;
};

struct RpcRequest {
    MessageId id;
    std::string method;
    JsonPart params;  // an object; null when absent
};

struct RpcNotification {
    std::string method;
    JsonPart params;  // an object; null when absent
};

/// A client's answer to a request of ours (legacy era only).
struct RpcResponse {
    std::optional<MessageId> id;  // an error may lack it
    JsonPart message;
};

/// JSON, but no JSON-RPC message of MCP.
struct Malformed {
    std::optional<MessageId> id;  // when it could be read
    std::string why;
};

using Message = std::variant<RpcRequest, RpcNotification, RpcResponse, Malformed>;

/// No JSON at all, or nested too deeply.
struct Unparsable {
    std::string why;
};

struct Batch {
    std::vector<Message> messages;
};

using Decoded = std::variant<Unparsable, Message, Batch>;

/// Reads the body of one POST. Pure; bounded by `depth_max` and the body's own size.
Decoded decode(std::string_view body, int depth_max);

/// `{"jsonrpc":"2.0","id":7,"result":`, with room for `result_bytes` more. The caller appends the
/// result's JSON text and then calls end_result: a large result is thus written once, in place.
std::string begin_result(const MessageId& id, std::size_t result_bytes);
inline void end_result(std::string& message)
{
    message += '}';
}

/// An error response. Without an id the member is left out: null is not valid in the schema.
/// `data` is JSON text, or empty.
std::string error_message(const std::optional<MessageId>& id,
                          int code,
                          std::string_view text,
                          std::string_view data = {});

/// `params` is the JSON text of an object.
std::string notification_message(std::string_view method, std::string_view params);

}  // namespace tailops::mcp
