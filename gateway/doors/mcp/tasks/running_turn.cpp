#include "gateway/doors/mcp/tasks/running_turn.hpp"

#include "gateway/core/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>

namespace tailops::mcp {
namespace asio = boost::asio;
namespace {

/// A turn that was stopped between two waits ends by an exception; any other is a bug.
Error error_of(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            return Error{Errc::cancelled, "the call was cancelled"};
        }
        return Error{Errc::internal, "internal error"}.with_detail(e.what());
    } catch (const std::exception& e) {
        return Error{Errc::internal, "internal error"}.with_detail(e.what());
    } catch (...) {
        return Error{Errc::internal, "internal error"};
    }
}

}  // namespace

RunningTurn::RunningTurn(asio::any_io_executor home, Work work)
    : home_{std::move(home)},
      handling_{std::move(work.handling)},
      keeps_{std::move(work.keeps)},
      caller_{std::move(work.terms), std::move(work.outbox)},
      over_{home_, Deadline::max()}
{
    caller_.learn(std::move(work.answers), std::move(work.state));
}

std::shared_ptr<RunningTurn> RunningTurn::start(asio::any_io_executor home, Work work)
{
    auto turn = std::make_shared<RunningTurn>(std::move(home), std::move(work));
    auto on_end = [turn](std::exception_ptr thrown, std::optional<Result<Turn>> result) {
        turn->finish(thrown, std::move(result));
    };
    asio::co_spawn(turn->home_, turn->run_owned(turn),
                   asio::bind_cancellation_slot(turn->stop_.slot(), std::move(on_end)));
    return turn;
}

/// `self` keeps the turn alive for as long as its coroutine runs.
Task<std::optional<Result<Turn>>> RunningTurn::run_owned(std::shared_ptr<RunningTurn> self)
{
    co_return co_await self->handling_(self->caller_);
}

void RunningTurn::finish(std::exception_ptr thrown, std::optional<Result<Turn>> turn)
{
    if (thrown) {
        auto error = error_of(thrown);
        if (error.code() == Errc::internal) {
            log(Event::internal_error,
                {{"request", caller_.request().str()}, {"why", error.describe()}});
        }
        turn_ = std::unexpected{std::move(error)};
    } else {
        turn_ = *std::move(turn);
    }
    over_.cancel();
    if (const auto then = std::exchange(then_, nullptr)) then();
}

Task<bool> RunningTurn::wait(Deadline deadline)
{
    if (turn_) co_return true;
    over_.expires_at(deadline);
    co_await over_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return turn_.has_value();
}

Task<bool> RunningTurn::attend(Deadline deadline)
{
    // Not reset: the state tells whoever catches what is thrown here that the client has left.
    co_await asio::this_coro::throw_if_cancelled(false);
    auto state = co_await asio::this_coro::cancellation_state;
    bool is_over = has_ended();
    if (state.cancelled() == asio::cancellation_type::none) {
        is_over = co_await wait(deadline);
        state = co_await asio::this_coro::cancellation_state;
    }
    const bool has_left = state.cancelled() != asio::cancellation_type::none;
    if (has_left) {
        stop();
        while (!has_ended()) (void)co_await wait(Deadline::max());
    }
    co_await asio::this_coro::throw_if_cancelled(true);
    if (has_left) throw boost::system::system_error{asio::error::operation_aborted};
    co_return is_over;
}

void RunningTurn::stop()
{
    asio::post(home_, [self = shared_from_this()] {
        self->stop_.emit(asio::cancellation_type::terminal);
    });
}

void RunningTurn::on_end(std::function<void()> then)
{
    if (turn_) {
        then();
    } else {
        then_ = std::move(then);
    }
}

}  // namespace tailops::mcp
