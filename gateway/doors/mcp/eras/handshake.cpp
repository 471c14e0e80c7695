#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

/// What is really served: a capability here obliges us to answer its methods.
std::string capabilities_json(const Protocol& protocol, Revision revision)
{
    const auto& features = protocol.features;
    std::string out = R"({"tools":{"listChanged":true})";
    if (features.prompts) out += R"(,"prompts":{"listChanged":true})";
    if (features.resources) out += R"(,"resources":{"subscribe":true,"listChanged":true})";
    if (features.completions) out += R"(,"completions":{})";
    if (features.logging) out += R"(,"logging":{})";
    if (protocol.tasks && is_modern(revision)) {
        out += R"(,"extensions":{"io.modelcontextprotocol/tasks":{}})";
    }
    return out + '}';
}

void append_instructions(std::string& message, const Protocol& protocol)
{
    const auto instructions = protocol.service.instructions();
    if (instructions.empty()) return;
    message += R"(,"instructions":)";
    append_json_string(message, instructions);
}

}  // namespace

Revision settled_revision(const JsonPart& params)
{
    const auto requested = params ? text_member(*params, "protocolVersion") : std::string_view{};
    const auto revision = find_revision(requested);
    return revision && !is_modern(*revision) ? *revision : newest_legacy;
}

Task<Answer> discover(Protocol& protocol, const Asked& asked)
{
    auto message = begin_object(protocol, asked, ResultType::complete, 512);
    message += R"(,"supportedVersions":)";
    message += supported_versions_json();
    message += R"(,"capabilities":)";
    message += capabilities_json(protocol, asked.revision);
    append_instructions(message, protocol);
    append_cache_hints(message, protocol, asked);
    co_return end_object(std::move(message));
}

Task<Answer> initialize(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* requested = params ? find_member(*params, "protocolVersion") : nullptr;
    if (!requested || !requested->is_string()) {
        co_return invalid_params(asked, "\"protocolVersion\" must be a string");
    }
    const auto* capabilities = find_member(*params, "capabilities");
    if (capabilities && !capabilities->is_object()) {
        co_return invalid_params(asked, "\"capabilities\" must be an object");
    }
    const auto revision = settled_revision(params);
    legacy::Session::Terms terms{.principal = asked.principal.identity.key(),
                                 .revision = revision,
                                 .client = asked.client.client,
                                 .capabilities = JsonPart{params, capabilities}};
    const auto session = protocol.sessions.open(std::move(terms));
    if (!session) {
        auto why = internal_error(session.error().public_message(), asked.message.id);
        why.status = 503;
        co_return refuse(protocol, std::move(why));
    }
    auto message = begin_object(protocol, asked, ResultType::complete, 512);
    message += R"("protocolVersion":)" + json_string(to_string(revision));
    message += R"(,"capabilities":)";
    message += capabilities_json(protocol, revision);
    message += R"(,"serverInfo":)" + protocol.server_info;
    append_instructions(message, protocol);
    auto answer = end_object(std::move(message));
    answer.headers.emplace_back("Mcp-Session-Id", (*session)->id());
    co_return answer;
}

Task<Answer> ping(Protocol& protocol, const Asked& asked)
{
    co_return end_object(begin_object(protocol, asked, ResultType::complete, 0));
}

Task<Answer> set_log_level(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto level = service::find_log_level(params ? text_member(*params, "level") : "");
    if (!level) {
        co_return invalid_params(asked, "\"level\" must be a log level such as \"info\"");
    }
    asked.session->set_log_level(*level);
    co_return end_object(begin_object(protocol, asked, ResultType::complete, 0));
}

}  // namespace tailops::mcp
