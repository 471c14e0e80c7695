#include "gateway/doors/mcp/wire/jsonrpc.hpp"

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace tailops::mcp {
namespace {

using nlohmann::json;

JsonPart part_of(const JsonPart& whole, const json* part)
{
    return part ? JsonPart{whole, part} : JsonPart{};
}

/// A message with `method`: a request when it has an id, else a notification.
Message decode_call(const JsonPart& root, const json& object, const json& method)
{
    const auto* id_member = find_member(object, "id");
    const auto id = id_member ? MessageId::from(*id_member) : std::nullopt;
    if (id_member && !id) {
        return Malformed{std::nullopt, "\"id\" must be a string or a 64-bit integer"};
    }
    if (!method.is_string()) return Malformed{id, "\"method\" must be a string"};
    if (find_member(object, "result") || find_member(object, "error")) {
        return Malformed{id, "a message is a request or a response, not both"};
    }
    const auto* params = find_member(object, "params");
    if (params && !params->is_object()) return Malformed{id, "\"params\" must be an object"};
    const auto& name = method.get_ref<const std::string&>();
    if (id) return RpcRequest{*id, name, part_of(root, params)};
    return RpcNotification{name, part_of(root, params)};
}

Message decode_response(const JsonPart& root, const json& object)
{
    const auto* id_member = find_member(object, "id");
    const auto id = id_member ? MessageId::from(*id_member) : std::nullopt;
    const auto* result = find_member(object, "result");
    const auto* error = find_member(object, "error");
    if (!result == !error)
        return Malformed{id, "a message needs \"method\", \"result\" or \"error\""};
    if ((id_member || result) && !id) {
        return Malformed{std::nullopt, "\"id\" must be a string or a 64-bit integer"};
    }
    if (!(result ? result : error)->is_object()) {
        return Malformed{id, "\"result\" and \"error\" must be objects"};
    }
    return RpcResponse{id, part_of(root, &object)};
}

Message decode_message(const JsonPart& root, const json& value)
{
    if (!value.is_object()) return Malformed{std::nullopt, "a message must be a JSON object"};
    if (text_member(value, "jsonrpc") != "2.0") {
        const auto* id = find_member(value, "id");
        return Malformed{id ? MessageId::from(*id) : std::nullopt, "\"jsonrpc\" must be \"2.0\""};
    }
    const auto* method = find_member(value, "method");
    return method ? decode_call(root, value, *method) : decode_response(root, value);
}

}  // namespace

std::optional<MessageId> MessageId::from(const json& value)
{
    if (value.is_string()) return MessageId{value.get_ref<const std::string&>()};
    if (value.is_number_unsigned()) {
        const auto number = value.get_ref<const json::number_unsigned_t&>();
        if (number > INT64_MAX) return std::nullopt;
        return MessageId{static_cast<std::int64_t>(number)};
    }
    if (value.is_number_integer()) return MessageId{value.get_ref<const json::number_integer_t&>()};
    return std::nullopt;
}

void MessageId::append_to(std::string& out) const
{
    if (const auto* text = std::get_if<std::string>(&value_)) {
        append_json_string(out, *text);
        return;
    }
    char buffer[24];
    const auto* number = std::get_if<std::int64_t>(&value_);
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, *number).ptr);
}

std::string MessageId::text() const
{
    std::string out;
    append_to(out);
    return out;
}

Decoded decode(std::string_view body, int depth_max)
{
    auto parsed = parse_json(body, depth_max);
    if (!parsed) return Unparsable{parsed.error().public_message()};
    const auto root = std::make_shared<const json>(std::move(*parsed));
    if (!root->is_array()) return decode_message(root, *root);
    Batch batch;
    batch.messages.reserve(root->size());
    for (const auto& element : *root) batch.messages.push_back(decode_message(root, element));
    return batch;
}

std::string begin_result(const MessageId& id, std::size_t result_bytes)
{
    std::string out;
    out.reserve(result_bytes + 96);
    out += R"({"jsonrpc":"2.0","id":)";
    id.append_to(out);
    out += R"(,"result":)";
    return out;
}

std::string error_message(const std::optional<MessageId>& id,
                          int code,
                          std::string_view text,
                          std::string_view data)
{
    std::string out = R"({"jsonrpc":"2.0",)";
    if (id) {
        out += R"("id":)";
        id->append_to(out);
        out += ',';
    }
    out += R"("error":{"code":)" + std::to_string(code) + R"(,"message":)";
    append_json_string(out, text);
    if (!data.empty()) {
        out += R"(,"data":)";
        out += data;
    }
    out += "}}";
    return out;
}

std::string notification_message(std::string_view method, std::string_view params)
{
    std::string out = R"({"jsonrpc":"2.0","method":)";
    append_json_string(out, method);
    out += R"(,"params":)";
    out += params;
    out += '}';
    return out;
}

}  // namespace tailops::mcp
