#include "gateway/doors/mcp/protocol.hpp"

#include "gateway/core/log.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

namespace tailops::mcp {
namespace {

std::string implementation_json(const EndpointSettings& settings)
{
    return R"({"name":)" + json_string(settings.server_name) + R"(,"version":)" +
           json_string(settings.server_version) + '}';
}

}  // namespace

Protocol::Protocol(service::Service& what, const Clock& time, EndpointSettings how)
    : service{what},
      clock{time},
      settings{std::move(how)},
      features{what.features()},
      seal{settings.seal ? settings.seal : std::make_shared<const StateSeal>()},
      server_info{implementation_json(settings)},
      listings{settings.listings_bytes_max, settings.page_items_max},
      sessions{AgeClock{time, settings.steady},
               {settings.sessions_max, settings.sessions_per_principal_max,
                settings.session_idle_timeout}},
      subscriptions{{settings.listens_max, settings.listens_per_principal_max}},
      tasks{settings.tasks ? std::make_unique<TaskBoard>(*settings.tasks, time, settings.steady)
                           : nullptr}
{
}

Protocol::~Protocol() = default;

Deadline stream_end(const Protocol& protocol, const auth::Principal& principal)
{
    const auto left = principal.identity.expires - protocol.clock.now();
    // An end that lies in the epoch is no end; one in years is none either.
    if (principal.identity.expires == TimePoint{} || left > std::chrono::hours{24 * 365}) {
        return Deadline::max();
    }
    return after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(left));
}

service::MayKnow knowledge_of(const Protocol& protocol, const auth::Principal& principal)
{
    return [&service = protocol.service,
            who = std::make_shared<const auth::Principal>(principal)](std::string_view uri) {
        return service.following(*who, uri) == service::Following::allowed;
    };
}

Answer noted(Protocol& protocol, const Asked& asked, Answer answer)
{
    if (answer.error_code == 0) return answer;
    protocol.counters.count_error(answer.error_code);
    if (!protocol.service.admit(asked.principal)) return answer;
    log(Event::protocol_error, {{"request", asked.request.str()},
                                {"revision", std::string{to_string(asked.revision)}},
                                {"client", asked.client.client},
                                {"method", asked.message.method},
                                {"code", std::to_string(answer.error_code)},
                                {"why", answer.why}});
    return answer;
}

Answer refuse(const Protocol& protocol, Refusal refusal)
{
    http::Headers headers;
    if (refusal.status == 403 && protocol.settings.insufficient_scope_challenge) {
        headers.emplace_back("WWW-Authenticate",
                             protocol.settings.insufficient_scope_challenge(refusal.scopes));
    }
    if (refusal.status == 503) headers.emplace_back("Retry-After", "5");
    return to_answer(std::move(refusal), std::move(headers));
}

}  // namespace tailops::mcp
