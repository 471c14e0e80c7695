#include "gateway/doors/mcp/eras/legacy/refusals.hpp"

#include "gateway/doors/mcp/wire/delivery.hpp"

namespace tailops::mcp::legacy {
namespace {

/// The answer to what concerns no handler.
Answer noted_refusal(Protocol& protocol, const Inbound& inbound, Refusal why)
{
    const Asked asked{.principal = inbound.principal,
                      .request = inbound.id,
                      .revision = newest_legacy,
                      .message = {MessageId{0}, inbound.method, {}},
                      .headers = {},
                      .client = {},
                      .outbox = {}};
    return noted(protocol, asked, refuse(protocol, std::move(why)));
}

}  // namespace

Refusal refusal(int status, std::string message)
{
    return {.status = status, .code = code::invalid_request, .message = std::move(message)};
}

std::vector<MessageId> ids_in(const LegacyMessages& body)
{
    std::vector<MessageId> ids;
    for (const auto& message : body.messages) {
        if (const auto* request = std::get_if<RpcRequest>(&message)) ids.push_back(request->id);
    }
    return ids;
}

http::Reply refused(Protocol& protocol, const Inbound& inbound, Refusal why)
{
    return to_reply(noted_refusal(protocol, inbound, std::move(why)));
}

http::Reply refused(
    Protocol& protocol, const Inbound& inbound, const LegacyMessages& body, Form form, Refusal why)
{
    const auto ids = ids_in(body);
    if (ids.size() == 1) why.id = ids.front();
    auto reply = refused(protocol, inbound, why);
    if (form == Form::one || ids.empty()) return reply;
    reply.body = '[';
    for (const auto& id : ids) {
        if (reply.body.size() > 1) reply.body += ',';
        reply.body += error_message(id, why.code, why.message);
    }
    reply.body += ']';
    return reply;
}

std::vector<Answer> misfits_in(Protocol& protocol, const Inbound& inbound, LegacyMessages& body)
{
    std::vector<Answer> answers;
    for (auto& message : body.messages) {
        auto* malformed = std::get_if<Malformed>(&message);
        if (!malformed) continue;
        const Refusal why{.code = code::invalid_request,
                          .message = std::move(malformed->why),
                          .id = std::move(malformed->id)};
        answers.push_back(noted_refusal(protocol, inbound, why));
    }
    return answers;
}

}  // namespace tailops::mcp::legacy
