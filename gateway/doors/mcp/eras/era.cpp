#include "gateway/doors/mcp/eras/era.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

using nlohmann::json;
using State = SingleHeader::State;

constexpr std::string_view meta_version = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view meta_capabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view meta_client = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view meta_log_level = "io.modelcontextprotocol/logLevel";

/// The headers of one POST; null for a message that has none.
using HeadersOrNone = const http::Headers*;

const json* meta_of(const JsonPart& params)
{
    return params ? find_member(*params, "_meta") : nullptr;
}

const json* claim_of(const JsonPart& params)
{
    const auto* meta = meta_of(params);
    return meta ? find_member(*meta, meta_version) : nullptr;
}

Refusal bad_request(int error, std::string message, std::optional<MessageId> id = {})
{
    return {.status = 400, .code = error, .message = std::move(message), .id = std::move(id)};
}

Refusal bad_envelope(std::string_view member, std::string_view rule, const MessageId& id)
{
    return bad_request(code::invalid_params,
                       "_meta[\"" + std::string{member} + "\"] " + std::string{rule}, id);
}

bool is_implementation(const json& value)
{
    const auto* name = find_member(value, "name");
    const auto* version = find_member(value, "version");
    return name && name->is_string() && version && version->is_string();
}

std::optional<Refusal> problem_in(const json& meta, const MessageId& id)
{
    const auto* version = find_member(meta, meta_version);
    if (!version || !version->is_string()) {
        return bad_envelope(meta_version, "must be a string", id);
    }
    const auto* capabilities = find_member(meta, meta_capabilities);
    if (!capabilities) return bad_envelope(meta_capabilities, "is missing", id);
    if (!capabilities->is_object()) return bad_envelope(meta_capabilities, "must be an object", id);
    const auto* client = find_member(meta, meta_client);
    if (client && !is_implementation(*client)) {
        return bad_envelope(meta_client, "must be an object with a name and a version", id);
    }
    const auto* level = find_member(meta, meta_log_level);
    if (level &&
        (!level->is_string() || !service::find_log_level(level->get_ref<const std::string&>()))) {
        return bad_envelope(meta_log_level, "must be a log level such as \"info\"", id);
    }
    const auto* token = find_member(meta, "progressToken");
    if (token && !MessageId::from(*token)) {
        return bad_envelope("progressToken", "must be a string or an integer", id);
    }
    return std::nullopt;
}

Refusal header_mismatch(std::string_view header, std::string_view why, const MessageId& id)
{
    return bad_request(code::header_mismatch,
                       "header mismatch: " + std::string{header} + ' ' + std::string{why}, id);
}

/// Whether `header` may stand: absent or equal to `body`. Presence is asked for later, because an
/// unsupported version is told before a missing header.
std::optional<Refusal> mismatch(const SingleHeader& header,
                                std::string_view name,
                                std::string_view body,
                                const MessageId& id)
{
    switch (header.state) {
    case State::absent: return std::nullopt;
    case State::conflicting: return header_mismatch(name, "stands twice with different values", id);
    case State::not_text:
        return header_mismatch(name, "holds bytes that a header may not hold", id);
    case State::present: break;
    }
    if (header.value == body) return std::nullopt;
    return header_mismatch(
        name, "header value " + quote(header.value) + " does not match body value " + quote(body),
        id);
}

std::optional<Refusal> name_mismatch(const http::Headers& headers, const RpcRequest& request)
{
    const auto member = named_member(request.method);
    if (member.empty()) return std::nullopt;
    const auto header = single_header(headers, "mcp-name");
    if (header.state == State::absent) return header_mismatch("Mcp-Name", "is missing", request.id);
    if (header.state != State::present) return mismatch(header, "Mcp-Name", {}, request.id);
    const auto decoded = decode_header_value(header.value);
    if (!decoded) {
        return header_mismatch("Mcp-Name", "cannot be decoded: " + decoded.error().public_message(),
                               request.id);
    }
    // Without the member there is nothing to differ from; the handler refuses the params.
    const auto* named = request.params ? find_member(*request.params, member) : nullptr;
    if (!named || !named->is_string()) return std::nullopt;
    return mismatch({State::present, *decoded}, "Mcp-Name", named->get_ref<const std::string&>(),
                    request.id);
}

std::optional<Refusal> header_problem(const http::Headers& headers,
                                      const RpcRequest& request,
                                      std::string_view claim)
{
    const auto version = single_header(headers, "mcp-protocol-version");
    const auto method = single_header(headers, "mcp-method");
    if (auto bad = mismatch(version, "MCP-Protocol-Version", claim, request.id)) return bad;
    if (auto bad = mismatch(method, "Mcp-Method", request.method, request.id)) return bad;
    if (claim != to_string(newest_modern)) return unsupported_version(claim, request.id);
    if (version.state == State::absent) {
        return header_mismatch("MCP-Protocol-Version", "is missing", request.id);
    }
    if (method.state == State::absent) {
        return header_mismatch("Mcp-Method", "is missing", request.id);
    }
    return name_mismatch(headers, request);
}

Envelope envelope_of(const JsonPart& params, const json& meta)
{
    Envelope envelope;
    envelope.capabilities = JsonPart{params, find_member(meta, meta_capabilities)};
    if (const auto* client = find_member(meta, meta_client)) {
        envelope.client = text_member(*client, "name");
    }
    envelope.log_level = text_member(meta, meta_log_level);
    envelope.progress_token = progress_token(params);
    return envelope;
}

bool has_modern_header(HeadersOrNone headers)
{
    if (!headers) return false;
    const auto version = single_header(*headers, "mcp-protocol-version");
    return version.state == State::present && names_modern_era(version.value);
}

LegacyMessages one_legacy(Message message)
{
    LegacyMessages legacy;
    legacy.messages.push_back(std::move(message));
    return legacy;
}

std::optional<Refusal> version_problem(HeadersOrNone headers,
                                       const RpcRequest& request,
                                       std::string_view claim)
{
    if (headers) return header_problem(*headers, request, claim);
    if (claim == to_string(newest_modern)) return std::nullopt;
    return unsupported_version(claim, request.id);
}

Classified classify_request(HeadersOrNone headers, RpcRequest request)
{
    const auto* meta = meta_of(request.params);
    const auto* claim = claim_of(request.params);
    if (claim) {
        if (auto bad = problem_in(*meta, request.id)) return *std::move(bad);
        const std::string_view version = claim->get_ref<const std::string&>();
        if (auto bad = version_problem(headers, request, version)) return *std::move(bad);
        auto envelope = envelope_of(request.params, *meta);
        return ModernRequest{std::move(request), std::move(envelope)};
    }
    if (!has_modern_header(headers)) return one_legacy(std::move(request));
    if (request.method == "initialize") {
        std::string why{"names a revision that has no initialize; send "};
        why.append(to_string(newest_legacy)).append(" or no such header");
        return header_mismatch("MCP-Protocol-Version", why, request.id);
    }
    return bad_envelope(meta_version, "is missing", request.id);
}

struct MessageClassifier {
    HeadersOrNone headers;

    Classified operator()(RpcRequest request) const
    {
        return classify_request(headers, std::move(request));
    }
    Classified operator()(RpcNotification notification) const
    {
        if (claim_of(notification.params) || has_modern_header(headers)) {
            return ModernNotification{std::move(notification)};
        }
        return one_legacy(std::move(notification));
    }
    Classified operator()(RpcResponse response) const
    {
        if (!has_modern_header(headers)) return one_legacy(std::move(response));
        return bad_request(code::invalid_request, "a client sends no responses in this revision",
                           std::move(response.id));
    }
    Classified operator()(Malformed malformed) const
    {
        return bad_request(code::invalid_request, std::move(malformed.why),
                           std::move(malformed.id));
    }
};

Classified classify_batch(HeadersOrNone headers, Batch batch)
{
    if (batch.messages.empty()) {
        return bad_request(code::invalid_request, "a batch must not be empty");
    }
    if (has_modern_header(headers)) {
        return bad_request(code::invalid_request, "this revision has no batches");
    }
    if (std::ranges::any_of(batch.messages, claims_modern)) {
        return bad_request(code::invalid_request, "this revision has no batches");
    }
    return LegacyMessages{std::move(batch.messages), true};
}

Classified classify_any(HeadersOrNone headers, Decoded decoded)
{
    if (auto* unparsable = std::get_if<Unparsable>(&decoded)) {
        return bad_request(code::parse_error, "parse error: " + unparsable->why);
    }
    if (auto* batch = std::get_if<Batch>(&decoded)) {
        return classify_batch(headers, std::move(*batch));
    }
    return std::visit(MessageClassifier{headers}, std::move(*std::get_if<Message>(&decoded)));
}

}  // namespace

Classified classify(const http::Headers& headers, Decoded decoded)
{
    return classify_any(&headers, std::move(decoded));
}

Classified classify_line(Decoded decoded)
{
    return classify_any(nullptr, std::move(decoded));
}

bool claims_modern(const Message& message)
{
    const auto* request = std::get_if<RpcRequest>(&message);
    const auto* notification = std::get_if<RpcNotification>(&message);
    return (request && claim_of(request->params)) ||
           (notification && claim_of(notification->params));
}

std::optional<MessageId> progress_token(const JsonPart& params)
{
    const auto* meta = meta_of(params);
    const auto* token = meta ? find_member(*meta, "progressToken") : nullptr;
    return token ? MessageId::from(*token) : std::nullopt;
}

std::optional<TraceContext> trace_of(const http::Headers& headers, const JsonPart& params)
{
    if (const auto* meta = meta_of(params)) {
        const auto parent = text_member(*meta, "traceparent");
        const auto said = parent.empty()
                              ? std::nullopt
                              : read_trace_context(parent, text_member(*meta, "tracestate"));
        if (said) return said;
    }
    const auto parent = single_header(headers, "traceparent");
    if (parent.state != State::present) return std::nullopt;
    return read_trace_context(parent.value, single_header(headers, "tracestate").value);
}

std::string_view named_member(std::string_view method) noexcept
{
    if (method == "tools/call" || method == "prompts/get") return "name";
    if (method == "resources/read") return "uri";
    if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel") {
        return "taskId";
    }
    return {};
}

std::string_view supported_versions_json() noexcept
{
    return R"(["2026-07-28"])";
}

Refusal unsupported_version(std::string_view requested, std::optional<MessageId> id)
{
    auto refusal =
        bad_request(code::unsupported_version, "unsupported protocol version", std::move(id));
    std::string data{R"({"supported":)"};
    data.append(supported_versions_json()).append(R"(,"requested":)");
    data.append(json_string(requested)).append("}");
    refusal.data = std::move(data);
    return refusal;
}

}  // namespace tailops::mcp
