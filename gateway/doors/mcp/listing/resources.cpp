#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

Turn turn_of(service::Outcome<service::ResourceResult> outcome, const std::string& cache_hints)
{
    if (auto* question = std::get_if<service::InputRequired>(&outcome)) return std::move(*question);
    Members members{cache_hints + R"("contents":)"};
    append_json(members.text, *std::get<service::ResourceResult>(outcome).contents);
    return members;
}

Task<Result<Turn>> take_turn(service::Service& service,
                             McpCaller& caller,
                             std::string uri,
                             std::string cache_hints)
{
    auto outcome = co_await service.read_resource(caller, std::move(uri));
    if (!outcome) co_return fail(std::move(outcome).error());
    co_return turn_of(*std::move(outcome), cache_hints);
}

/// The `uri` of the params, or nothing.
const std::string* uri_of(const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* uri = params ? find_member(*params, "uri") : nullptr;
    return uri && uri->is_string() ? &uri->get_ref<const std::string&>() : nullptr;
}

std::string uri_data(const std::string& uri)
{
    return R"({"uri":)" + json_string(uri) + '}';
}

/// A resource that is not there has a code of its own in the legacy era (MCP 2025-11-25,
/// server/resources, Error Handling); the modern one does not know it any more.
Answer not_found(const Protocol& protocol,
                 const Asked& asked,
                 const std::string& uri,
                 const Error& error)
{
    auto refusal = refusal_for(error, asked.message.id);
    if (error.code() == Errc::not_found) {
        refusal.data = uri_data(uri);
        if (!is_modern(asked.revision)) refusal.code = code::legacy_resource_not_found;
    }
    return refuse(protocol, std::move(refusal));
}

}  // namespace

Task<Answer> read_resource(Protocol& protocol, const Asked& asked)
{
    const auto* named = uri_of(asked);
    if (!named) co_return invalid_params(asked, "\"uri\" must be a string");
    const auto uri = *named;
    const std::string hints =
        is_modern(asked.revision)
            ? R"("cacheScope":"private","ttlMs":0,)"  // what machines say, changes
            : "";
    Rounds rounds{
        .protocol = protocol,
        .asked = asked,
        .subject = {uri, {}},
        .handling = [&service = protocol.service, uri,
                     hints](McpCaller& caller) { return take_turn(service, caller, uri, hints); },
        .failed = [&protocol, &asked,
                   uri](const Error& error) { return not_found(protocol, asked, uri, error); }};
    co_return co_await rounds.run();
}

Task<Answer> follow_resource(Protocol& protocol, const Asked& asked)
{
    const auto* uri = uri_of(asked);
    if (!uri) co_return invalid_params(asked, "\"uri\" must be a string");
    switch (protocol.service.following(asked.principal, *uri)) {
    case service::Following::hidden:
        co_return not_found(protocol, asked, *uri, Error{Errc::not_found, "resource not found"});
    case service::Following::never:
        co_return invalid_params(asked, "this resource cannot be followed; read it again instead",
                                 uri_data(*uri));
    case service::Following::allowed: break;
    }
    if (!asked.session->follow(*uri, knowledge_of(protocol, asked.principal))) {
        co_return invalid_params(asked, "this session follows too many resources already");
    }
    co_return end_object(begin_object(protocol, asked, ResultType::complete, 0));
}

Task<Answer> unfollow_resource(Protocol& protocol, const Asked& asked)
{
    const auto* uri = uri_of(asked);
    if (!uri) co_return invalid_params(asked, "\"uri\" must be a string");
    asked.session->unfollow(*uri);
    co_return end_object(begin_object(protocol, asked, ResultType::complete, 0));
}

}  // namespace tailops::mcp
