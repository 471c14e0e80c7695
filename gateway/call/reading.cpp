#include "gateway/call/pipeline.hpp"
#include "gateway/call/records.hpp"
#include "gateway/call/refusal.hpp"
#include "gateway/call/view.hpp"
#include "gateway/core/safe_text.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <set>

/// The part of Pipeline that reads what no tool tells.
namespace tailops::call {
namespace asio = boost::asio;

Task<Result<nlohmann::json>> Pipeline::read(Invocation reading, Content content)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto world = world_.get();
    const policy::AccessRequest request{.principal = reading.principal,
                                        .tool = ToolName{reading.tool},
                                        .action = gateway_read(),
                                        .tier = Tier::observe,
                                        .target = gateway_facts(),
                                        .parameters = {},
                                        .now = clock_.now()};
    const auto [decision, permit] = world->gate->decide(request);
    log_decision(reading, decision);
    auto record = record_of(reading, request, decision, *world);
    auto outcome = CallOutcome::refused;
    Result<nlohmann::json> made = fail(refusal(request, decision));
    if (permit) {
        made = co_await content();
        record.phase = audit::Phase::outcome;
        outcome = made ? CallOutcome::ok : outcome_of(made.error());
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (made) {
        std::set<std::string> kinds;
        make_safe(*made);
        redact_secrets(*made, *world->secrets->known(), kinds);
    }
    conclude(reading, record, outcome);
    TAILOPS_CO_CHECK(co_await trail_.append(std::move(record), audit::Durability::buffered));
    co_return made;
}

bool Pipeline::may_look(const auth::Principal& principal) const
{
    // No tool's name: a rule about some tools is about none of these.
    return world_.get()->gate->could_allow(principal, ToolName{}, gateway_read(), Tier::observe,
                                           gateway_facts());
}

}  // namespace tailops::call
