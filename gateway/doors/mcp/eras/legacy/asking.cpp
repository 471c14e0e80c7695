#include "gateway/doors/mcp/eras/legacy/asking.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

namespace tailops::mcp::legacy {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// The revision from which on a client can be asked.
Revision asked_since(const service::InputRequest& question)
{
    if (question.method != "elicitation/create") return Revision::v2025_03_26;
    const bool is_url = question.params && text_member(*question.params, "mode") == "url";
    return is_url ? Revision::v2025_11_25 : Revision::v2025_06_18;
}

/// The params as the revision writes them: elicitation has modes since 2025-11-25, and a URL
/// elicitation has an id there.
json params_for(const service::InputRequest& question, Revision revision)
{
    json params = question.params ? *question.params : json::object();
    if (question.method != "elicitation/create") return params;
    if (revision < Revision::v2025_11_25) params.erase("mode");
    if (text_member(params, "mode") == "url") {
        params["elicitationId"] = to_base64url(random_bytes(18));
    }
    return params;
}

Result<JsonPart> result_of(const JsonPart& response, const service::InputRequest& question)
{
    const auto& method = question.method;
    if (const auto* error = find_member(*response, "error")) {
        return fail(Errc::denied, "the client refused " + method + ": " +
                                      escaped_line(text_member(*error, "message"), 200));
    }
    const auto* result = find_member(*response, "result");
    if (!result) {
        return fail(Errc::invalid_argument,
                    "the client's response to " + method + " has no result");
    }
    json asked{{"method", method}};
    if (question.params) asked["params"] = *question.params;
    if (auto fits = check_response(asked, *result); !fits) {
        return fail(Errc::invalid_argument, "the client's response to " + method +
                                                " does not fit: " + fits.error().public_message());
    }
    return JsonPart{response, result};
}

}  // namespace

Task<Result<JsonPart>> ask(Protocol& protocol, const Asked& asked, service::InputRequest question)
{
    const auto session = asked.session;
    const ClientFeatures client{asked.client.capabilities};
    if (!session || asked.revision < asked_since(question) ||
        !client.answers(question.method, question.params)) {
        co_return fail(Errc::unavailable,
                       "this needs a client that answers " + question.method + " requests");
    }
    const auto home = co_await asio::this_coro::executor;
    const auto pending = std::make_shared<PendingQuestion>(home);
    const PendingEntry entry{*session, pending};
    auto message = R"({"jsonrpc":"2.0","id":)" + entry.id() + R"(,"method":)" +
                   json_string(question.method) + R"(,"params":)" +
                   dump_json(params_for(question, asked.revision)) + '}';
    if (!asked.outbox->notify(std::move(message))) {
        co_return fail(Errc::unavailable, "the client does not read its stream");
    }
    pending->timer.expires_after(protocol.settings.client_response_timeout);
    if (!pending->response) {
        co_await pending->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (pending->response) co_return result_of(pending->response, question);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none || session->is_ended()) {
        co_return fail(Errc::cancelled, "the client went away before it answered");
    }
    co_return fail(Errc::deadline_exceeded, "the client did not answer " + question.method);
}

}  // namespace tailops::mcp::legacy
