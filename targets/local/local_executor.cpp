#include "targets/local/local_executor.hpp"

#include "gateway/async/deadline.hpp"
#include "gateway/core/try.hpp"
#include "targets/local/child.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <optional>

namespace tailops::targets {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

// TERM gives a program this long to clean up before KILL.
constexpr auto stop_grace = 1s;
// More than these cannot be signs of a sick disk alone; each holds a process of the machine.
constexpr std::size_t left_max = 64;

}  // namespace

Task<Result<ExecutionResult>> LocalExecutor::run(policy::Permit permit, Operation operation)
{
    if (std::holds_alternative<Probe>(operation)) co_return ExecutionResult{};
    auto* command = std::get_if<Command>(&operation);
    if (!command) co_return fail(Errc::internal, "not an operation for a local target");

    const auto& obligations = permit.obligations();
    co_await asio::this_coro::throw_if_cancelled(false);
    // One who left while nobody waited here is not told by the next wait.
    const auto caller = co_await asio::this_coro::cancellation_state;
    if (caller.cancelled() != asio::cancellation_type::none) {
        Error gone{Errc::cancelled, "the caller went away; the command was not started"};
        co_return fail(std::move(gone).with_nothing_begun());
    }
    reaper_->sweep();
    if (reaper_->left() >= left_max) {
        Error full{Errc::busy, "too many commands on this machine were told to stop and still run"};
        co_return fail(std::move(full).with_nothing_begun());
    }
    TAILOPS_CO_CHECK(permit.commitment().begin());
    auto child = Child::spawn(co_await asio::this_coro::executor, *command, reaper_);
    if (!child) co_return fail(std::move(child).error().with_nothing_begun());

    OutputBounds bounds{.limit_bytes = obligations.output_limit_bytes,
                        .rest = command->rest,
                        .secrets = command->secrets};
    std::optional<Result<ExecutionResult>> result;
    auto talk = [&]() -> Task<Status> {
        result = co_await child->communicate(std::move(command->input), std::move(bounds));
        if (!*result) co_return fail(result->error());
        co_return Status{};
    };
    const auto waited = co_await with_deadline(after(obligations.timeout), talk());
    // A command that has ended is told as it ended, whoever stopped waiting for it meanwhile.
    if (result && (*result || result->error().code() != Errc::cancelled)) {
        co_return *std::move(result);
    }

    // Whoever stopped waiting, the process group must not outlive the call.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    const auto remains = co_await child->stop(stop_grace);
    const bool is_late = !waited && waited.error().code() == Errc::deadline_exceeded;
    if (is_late) {
        co_return fail(Errc::deadline_exceeded,
                       "the command did not end in time; " + std::string{to_string(remains)});
    }
    co_return fail(Errc::cancelled,
                   "the command was cancelled; " + std::string{to_string(remains)});
}

}  // namespace tailops::targets
