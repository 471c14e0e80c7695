#include "targets/ssh/exec.hpp"

#include "gateway/core/text.hpp"
#include "targets/ssh/channel.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

#ifdef __GNUC__
// False with -O2: GCC 12 does not see through Asio's own allocation of coroutine frames.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace tailops::targets::ssh {
namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

using OpenChannel = std::unique_ptr<Channel>;

/// Opens a channel, waiting for room while the server has none.
Task<Result<OpenChannel>> open_channel(std::shared_ptr<Session> session,
                                       OutputBounds bounds,
                                       Deadline deadline,
                                       Timing timing)
{
    const auto patience = std::min(deadline, after(timing.no_room_patience));
    auto pause = std::chrono::milliseconds{5};
    for (;;) {
        auto channel = std::make_unique<Channel>(session, bounds);
        auto opened = co_await channel->open(deadline);
        if (opened) co_return channel;
        if (opened.error().code() != Errc::busy || steady_clock::now() + pause >= patience) {
            co_return fail(std::move(opened).error());
        }
        channel.reset();
        Wakeup timer{session->alarm()};
        if (co_await timer.wait(after(pause)) == Wake::cancelled) {
            co_return fail(Errc::cancelled, "the caller went away; the command was not started");
        }
        pause = std::min(pause * 2, std::chrono::milliseconds{250});
    }
}

/// Writes the input and waits until the command has ended and its output is closed.
Task<Wake> converse(Channel& channel, const Order& order, Timing timing)
{
    std::string_view rest{order.input};
    const auto& seen = channel.seen();
    const auto is_over = [&] { return seen.closed || !channel.session().is_open(); };
    while (!rest.empty() && !seen.has_ended() && !is_over()) {
        rest.remove_prefix(channel.write(rest));
        if (rest.empty()) break;
        const auto wake = co_await channel.wait_for_message(order.deadline);
        if (wake != Wake::rung) co_return wake;
    }
    if (!seen.has_ended()) channel.end_input();

    std::uint64_t heard = 0;
    while (!is_over()) {
        const bool lingers = seen.has_ended();
        const auto limit =
            lingers ? std::min(order.deadline, after(timing.linger)) : order.deadline;
        const auto wake = co_await channel.wait(limit);
        if (wake == Wake::rung) continue;
        if (wake == Wake::cancelled || !lingers) co_return wake;
        const auto bytes = seen.output.bytes() + seen.diagnostics.bytes();
        if (steady_clock::now() >= order.deadline || bytes == heard) break;
        heard = bytes;
    }
    co_return Wake::rung;
}

/// Ends a session on which nothing at all has come back since `before`: the next caller is better
/// served by a new connection.
void give_up_on_silence(Session& session, std::uint64_t before)
{
    if (session.received() != before) return;
    session.close(Error{Errc::unreachable,
                        "the connection to target " + quote(session.target()) + " is dead"});
}

/// Ends the command if that can be done, and says what is known to remain.
Task<Remains> stop(Channel& channel, Timing timing)
{
    const auto is_gone = [&] { return channel.seen().has_ended(); };
    const auto before = channel.session().received();
    for (const char* const name : {"TERM", "KILL"}) {
        if (!channel.session().is_open()) break;
        channel.signal(name);
        const auto limit = after(timing.stop_grace);
        while (!is_gone() && channel.session().is_open()) {
            if (co_await channel.wait(limit) == Wake::deadline) break;
        }
        if (is_gone()) co_return Remains::nothing;
    }
    if (!channel.session().is_open()) co_return Remains::unknown;
    give_up_on_silence(channel.session(), before);
    co_return Remains::signalled;
}

std::string what_remains(Remains remains)
{
    switch (remains) {
    case Remains::nothing: return "it was stopped";
    case Remains::signalled: return "it was signalled but not seen ending";
    case Remains::unknown: break;
    }
    return "whether it still runs is unknown";
}

Error interrupted(Wake wake, Remains remains)
{
    return wake == Wake::cancelled
               ? Error{Errc::cancelled,
                       "the call was cancelled while the command ran; " + what_remains(remains)}
               : Error{Errc::deadline_exceeded,
                       "the command did not finish in time; " + what_remains(remains)};
}

/// The connection ended, or the server closed the channel without a word, while the command ran.
Error lost(const Session& session)
{
    Error error{Errc::unreachable, "the connection to target " + quote(session.target()) +
                                       " was lost while the command ran; " +
                                       what_remains(Remains::unknown)};
    if (session.is_open()) return error;
    return std::move(error).because(session.failure());
}

Result<ExecutionResult> outcome(Channel& channel, steady_clock::time_point started)
{
    const auto& seen = channel.seen();
    if (!seen.status && seen.signal.empty()) return fail(lost(channel.session()));
    ExecutionResult result;
    result.status = seen.signal.empty() ? *seen.status : -1;
    result.signal = seen.signal;
    channel.take_output(result);
    result.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started);
    return result;
}

/// An error of the time before the command was sent: says so.
Error not_started(Error error)
{
    if (error.code() != Errc::deadline_exceeded && error.code() != Errc::cancelled) return error;
    return Error{error.code(), error.public_message() + "; the command was not started"};
}

// Functions, because GCC 12 moves an aggregate made in a coroutine's expression byte by byte.
Attempt unsent(Error error)
{
    return {.result = fail(std::move(error).with_nothing_begun()), .sent = false};
}
Attempt sent(Result<ExecutionResult> result)
{
    return {.result = std::move(result), .sent = true};
}

}  // namespace

Task<Attempt> run_order(std::shared_ptr<Session> session,
                        std::shared_ptr<const Order> order,
                        Timing timing)
{
    const auto started = steady_clock::now();
    const auto before = session->received();
    auto opened = co_await open_channel(session, order->bounds, order->deadline, timing);
    if (!opened) {
        // A server that is merely far away answers within the grace.
        const bool has_waited = steady_clock::now() - started >= timing.stop_grace;
        if (opened.error().code() == Errc::deadline_exceeded && has_waited) {
            give_up_on_silence(*session, before);
        }
        co_return unsent(not_started(std::move(opened).error()));
    }
    auto& channel = **opened;

    if (auto begun = order->commitment.begin(); !begun) co_return unsent(std::move(begun).error());
    const auto accepted = co_await channel.execute(order->line, order->deadline);
    if (!accepted) {
        const auto code = accepted.error().code();
        const bool is_ours = code == Errc::deadline_exceeded || code == Errc::cancelled;
        if (!is_ours) co_return sent(fail(session->is_open() ? accepted.error() : lost(*session)));
        // The request is on its way and cannot be taken back; once it is answered it can be ended.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        const auto late = co_await channel.execute(order->line, after(timing.stop_grace));
        const auto remains = late ? co_await stop(channel, timing) : Remains::unknown;
        const auto wake = code == Errc::cancelled ? Wake::cancelled : Wake::deadline;
        co_return sent(fail(interrupted(wake, remains)));
    }
    session->warmed_up();

    const auto wake = co_await converse(channel, *order, timing);
    if (wake != Wake::rung && !channel.seen().has_ended()) {
        // Stopping takes its own time, whatever became of the caller.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        const auto remains = co_await stop(channel, timing);
        co_return sent(fail(interrupted(wake, remains)));
    }
    co_return sent(outcome(channel, started));
}

Task<Status> try_channel(std::shared_ptr<Session> session, Deadline deadline, Timing timing)
{
    const OutputBounds nothing;
    auto opened = co_await open_channel(session, nothing, deadline, timing);
    if (!opened) co_return fail(std::move(opened).error());
    co_return Status{};
}

}  // namespace tailops::targets::ssh
