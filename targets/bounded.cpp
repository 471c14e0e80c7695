#include "targets/bounded.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

namespace tailops::targets {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Describe {
    std::string operator()(const Probe&) const { return "would connect"; }
    std::string operator()(const Command& command) const
    {
        return "would run " + dump_json(nlohmann::json(command.argv));
    }
    std::string operator()(const EngineCall& call) const
    {
        return "would send " + call.method + ' ' + call.path + " to the Docker Engine";
    }
    std::string operator()(const HttpCall& call) const
    {
        return "would send " + call.method + ' ' + call.path;
    }
};

milliseconds elapsed_since(steady_clock::time_point start)
{
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

}  // namespace

std::string describe(const Operation& operation)
{
    return std::visit(Describe{}, operation);
}

std::string describe_whole(const Operation& operation)
{
    auto out = describe(operation);
    const auto add = [&out](const auto& call) {
        for (const auto& [name, value] : call.query)
            out.append("\n").append(name).append("=").append(value);
        out.append("\n").append(call.body);
    };
    if (const auto* call = std::get_if<EngineCall>(&operation)) add(*call);
    if (const auto* call = std::get_if<HttpCall>(&operation)) add(*call);
    if (const auto* command = std::get_if<Command>(&operation))
        out.append("\n").append(command->input);
    return out;
}

Bounded::Bounded(TargetId id,
                 TargetLimits limits,
                 std::shared_ptr<Executor> inner,
                 StateBoard& states,
                 const Clock& clock)
    : id_{std::move(id)},
      limits_{limits},
      inner_{std::move(inner)},
      states_{states},
      clock_{clock},
      slots_{limits.concurrency, limits.waiting_max}
{
}

Task<Result<ExecutionResult>> Bounded::run(policy::Permit permit, Operation operation)
{
    if (permit.target() != id_) {
        co_return fail(Error{Errc::internal, "a permit for another target"}.with_detail(id_.str()));
    }
    const auto facet = facet_of(operation);
    if (!inner_->facets().contains(facet)) {
        Error missing{Errc::invalid_argument, "target " + quote(id_.view()) + " does not offer " +
                                                  std::string{to_string(facet)}};
        co_return fail(std::move(missing).with_nothing_begun());
    }
    if (permit.obligations().dry_run) {
        ExecutionResult result;
        result.output = describe(operation);
        result.dry_run = true;
        co_return result;
    }
    permit.tighten(limits_.has_own_timeout
                       ? milliseconds{limits_.timeout}
                       : std::max<milliseconds>(limits_.timeout, permit.patience()));
    const auto start = steady_clock::now();
    const auto deadline = start + permit.obligations().timeout;

    auto slot = co_await slots_.take(deadline, permit.principal());
    if (!slot) {
        if (slot.error().code() == Errc::cancelled) {
            co_return fail(std::move(slot).error().with_nothing_begun());
        }
        Error full{slot.error().code(),
                   "target " + quote(id_.view()) + " is busy: " + slot.error().public_message()};
        co_return fail(std::move(full).with_nothing_begun());
    }
    permit.tighten(std::max(
        milliseconds{1}, std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now())));

    auto result = co_await run_inner(std::move(permit), std::move(operation));
    if (result) result->elapsed = elapsed_since(start);
    note_outcome(result);
    co_return result;
}

/// The edge at which exceptions of a kind's own end: a cancellation that struck between two waits,
/// or a bug.
Task<Result<ExecutionResult>> Bounded::run_inner(policy::Permit permit, Operation operation)
{
    std::string thrown;
    try {
        co_return co_await inner_->run(std::move(permit), std::move(operation));
    } catch (const std::exception& error) {
        thrown = error.what();
    }
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) {
        co_return fail(Errc::cancelled, "the caller went away");
    }
    log(Event::internal_error, {{"where", "executor of " + id_.str()}, {"what", thrown}});
    co_return fail(
        Error{Errc::internal, "the gateway failed to carry this out"}.with_detail(thrown));
}

void Bounded::note_outcome(const Result<ExecutionResult>& result)
{
    if (result) {
        states_.set(id_, Reach::reachable, {}, clock_.now());
        return;
    }
    const auto& message = result.error().public_message();
    switch (result.error().code()) {
    case Errc::deadline_exceeded:
        // A command that is slow tells nothing; a machine on which none could be begun does.
        if (!result.error().has_nothing_begun()) break;
        states_.set(id_, Reach::unreachable, message, clock_.now());
        break;
    case Errc::unreachable: states_.set(id_, Reach::unreachable, message, clock_.now()); break;
    case Errc::unauthorized_there:
        states_.set(id_, Reach::unauthorized, message, clock_.now());
        break;
    default: break;  // tells of the call, not of the target
    }
}

}  // namespace tailops::targets
