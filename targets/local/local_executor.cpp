#include "targets/local/local_executor.hpp"

#include "gateway/async/deadline.hpp"
#include "gateway/core/try.hpp"
#include "targets/local/child.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace tailops::targets {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

// TERM gives a program this long to clean up before KILL.
constexpr auto stop_grace = 1s;

}  // namespace

Task<Result<ExecutionResult>> LocalExecutor::run(policy::Permit permit, Operation operation)
{
    if (std::holds_alternative<Probe>(operation)) co_return ExecutionResult{};
    auto* command = std::get_if<Command>(&operation);
    if (!command) co_return fail(Errc::internal, "not an operation for a local target");

    const auto& obligations = permit.obligations();
    co_await asio::this_coro::throw_if_cancelled(false);
    TAILOPS_CO_CHECK(permit.commitment().begin());
    auto child = Child::spawn(co_await asio::this_coro::executor, *command);
    if (!child) co_return fail(std::move(child).error().with_nothing_begun());

    OutputBounds bounds{.limit_bytes = obligations.output_limit_bytes, .rest = command->rest};
    auto result =
        co_await with_deadline(after(obligations.timeout),
                               child->communicate(std::move(command->input), std::move(bounds)));
    if (result) co_return result;

    // Whoever stopped waiting, the process group must not outlive the call.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    const auto remains = co_await child->stop(stop_grace);
    if (result.error().code() == Errc::deadline_exceeded) {
        co_return fail(Errc::deadline_exceeded,
                       "the command did not end in time; " + std::string{to_string(remains)});
    }
    co_return fail(result.error().code(),
                   "the command was cancelled; " + std::string{to_string(remains)});
}

}  // namespace tailops::targets
