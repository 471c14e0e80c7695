#pragma once

#include "gateway/async/commitment.hpp"
#include "gateway/async/spawn_here.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>

namespace tailops {

/// Awaits `task`, which says commitment.begin() before it acts. Cancelling withdraws the
/// commitment, and cancels the task unless it has begun and is held; what withdraws the commitment
/// from elsewhere cancels it likewise. No cancellation is lost that comes while nobody waits.
///
/// Runs on the caller's executor, which must be a strand or a single thread. Returns only when
/// `task` has ended, so `task` may refer to the caller's locals. Errors: those of `task`; why it
/// was withdrawn, with nothing begun, when that made it end.
template <class T>
Task<Result<T>> withdrawable(Commitment commitment, Task<Result<T>> task)
{
    namespace asio = boost::asio;
    using Value = spawn_here::Value<T>;
    using Signature = void(std::exception_ptr, Value);

    if (const auto why = commitment.withdrawn()) co_return fail(Error{*why});
    const auto was_left = std::make_shared<bool>(false);  // belongs to the caller's executor
    auto initiate = [was_left](auto handler, asio::any_io_executor home, Commitment held,
                               Task<Result<T>> what) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([held, was_left](asio::cancellation_type) {
                *was_left = true;
                held.withdraw(caller_left());
            });
        }
        const auto signal = std::make_shared<asio::cancellation_signal>();
        held.stop_with([home, signal] {
            asio::post(home, [signal] { signal->emit(asio::cancellation_type::terminal); });
        });
        auto on_end = [handler = std::move(handler), held, signal](std::exception_ptr thrown,
                                                                   Value value) mutable {
            held.stop_with(nullptr);
            asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(thrown, std::move(value));
        };
        spawn_here::start(home, std::move(what), signal, std::move(on_end));
    };
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    std::exception_ptr thrown;
    try {
        auto value = co_await asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
            initiate, asio::use_awaitable, home, commitment, std::move(task));
        const bool is_ended_by_us = !*value && value->error().code() == Errc::cancelled;
        if (!is_ended_by_us || !commitment.withdrawn()) co_return *std::move(value);
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto why = commitment.withdrawn();
    const bool was_stopped = why || *was_left || commitment.is_ended();
    if (thrown && !(was_stopped && is_cancellation(thrown))) {
        std::rethrow_exception(thrown);
    }
    if (why) co_return fail(Error{*why});
    if (commitment.is_ended()) co_return fail(Errc::cancelled, "the gateway stopped this");
    co_return fail(Errc::cancelled, "the caller went away");
}

}  // namespace tailops
