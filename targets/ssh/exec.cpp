#include "targets/ssh/exec.hpp"

#include "gateway/core/text.hpp"
#include "targets/ssh/channel.hpp"
#include "targets/ssh/quoting.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>

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

/// Why we stopped listening to a command.
enum class Heard {
    all,        // it has ended, and so has its output as far as it is the command's
    lost,       // the connection, or the channel, ended first
    deadline,   // the command, or the end of its output, did not come in time
    cancelled,  // the caller went away
};

Heard heard_by(Wake wake)
{
    return wake == Wake::cancelled ? Heard::cancelled : Heard::deadline;
}

/// Listens to a command that has ended for the rest of its output.
///
/// A server says that a command has ended before it has sent all of its output, and where a daemon
/// keeps the output open it never says that this has ended, too. Silence alone tells nothing: the
/// connection may have stalled. So the server must answer, be silent for a while, and answer again.
Task<Heard> hear_out(Channel& channel, const Order& order, Timing timing)
{
    const auto& seen = channel.seen();
    const auto is_over = [&] { return seen.has_all_output() || !channel.session().is_open(); };
    const auto bytes = [&] { return seen.output.bytes() + seen.diagnostics.bytes(); };
    const auto hear = [&] { return seen.has_all_output() ? Heard::all : Heard::lost; };
    auto pause = timing.linger / 10;  // mostly the end is close behind
    std::optional<std::uint64_t> vouched_for;
    for (;;) {
        const auto quiet = after(pause);
        while (!is_over()) {
            const auto wake = co_await channel.wait(std::min(order.deadline, quiet));
            if (wake == Wake::cancelled) co_return Heard::cancelled;
            if (wake == Wake::deadline) break;
        }
        if (is_over()) co_return hear();
        if (steady_clock::now() >= order.deadline) co_return Heard::deadline;
        const auto answered = co_await channel.confer(order.deadline);
        if (is_over()) co_return hear();
        if (!answered) {
            const bool is_cancelled = answered.error().code() == Errc::cancelled;
            co_return is_cancelled ? Heard::cancelled : Heard::deadline;
        }
        if (vouched_for == bytes()) co_return Heard::all;
        vouched_for = bytes();
        pause = timing.linger;
    }
}

/// Writes the input and waits until the command has ended and all of its output is here.
Task<Heard> converse(Channel& channel, const Order& order, Timing timing)
{
    std::string_view rest{order.input};
    const auto& seen = channel.seen();
    const auto is_over = [&] { return seen.has_ended() || !channel.session().is_open(); };
    while (!rest.empty() && !is_over()) {
        rest.remove_prefix(channel.write(rest));
        if (rest.empty()) break;
        const auto wake = co_await channel.wait_for_message(order.deadline);
        if (wake != Wake::rung) co_return heard_by(wake);
    }
    if (!seen.has_ended()) channel.end_input();
    while (!is_over()) {
        const auto wake = co_await channel.wait(order.deadline);
        if (wake != Wake::rung) co_return heard_by(wake);
    }
    if (!seen.has_ended()) co_return Heard::lost;
    co_return co_await hear_out(channel, order, timing);
}

/// Whether the server answers within the grace a command gets. One on which nothing at all has come
/// back since `before`, and which does not answer when it is asked, is doubted: the next caller is
/// better served by a new connection. Those who are on it keep it: it may have stalled, and what
/// they run there may change something.
Task<bool> is_answering(Channel& channel, std::uint64_t before, Timing timing)
{
    auto& session = channel.session();
    if (session.received() != before) co_return session.is_open();
    if (co_await channel.confer(after(timing.stop_grace))) co_return true;
    if (session.received() == before) session.doubt();
    co_return false;
}

/// Whether the server has the command end, by TERM or else by KILL, and says so.
Task<bool> is_ended_by_signals(Channel& channel, Timing timing)
{
    const auto is_gone = [&] { return channel.seen().has_ended(); };
    for (const char* const name : {"TERM", "KILL"}) {
        if (!channel.session().is_open()) break;
        channel.signal(name);
        const auto limit = after(timing.stop_grace);
        while (!is_gone() && channel.session().is_open()) {
            if (co_await channel.wait(limit) == Wake::deadline) break;
        }
        if (is_gone()) co_return true;
    }
    co_return false;
}

/// Ends what bears the order's mark, by a command of our own on a channel of its own.
Task<Swept> sweep(std::shared_ptr<Session> session, const Order& order, Timing timing)
{
    if (!order.mark) co_return Swept::unknown;
    const auto line = shell_line(order.mark->sweep());
    if (!line) co_return Swept::unknown;
    Order broom;
    broom.line = *line;
    broom.input = RunMark::sweep_input();
    broom.bounds.limit_bytes = 16'384;  // start-up files may print before it does
    broom.deadline = after(timing.sweep);
    const auto opened = co_await open_channel(session, broom.bounds, broom.deadline, timing);
    if (!opened) co_return Swept::unknown;
    auto& channel = **opened;
    const auto accepted = co_await channel.execute(broom.line, broom.deadline);
    if (!accepted || co_await converse(channel, broom, timing) != Heard::all) {
        co_return Swept::unknown;
    }
    ExecutionResult result;
    channel.take_output(result);
    co_return read_sweep(result.output);
}

/// Ends the command if that can be done, and says what is known to remain.
Task<Remains> stop(Channel& channel, const Order& order, Timing timing)
{
    auto& session = channel.session();
    const auto before = session.received();
    const bool is_gone =
        !session.ignores_signals() && co_await is_ended_by_signals(channel, timing);
    if (is_gone && session.signals_groups()) co_return Remains::nothing;
    if (!session.is_open()) co_return is_gone ? Remains::nothing : Remains::unknown;
    // Signals are not answered.
    if (!is_gone && !session.ignores_signals() && !co_await is_answering(channel, before, timing)) {
        co_return Remains::signalled;
    }

    const auto swept = co_await sweep(session.shared_from_this(), order, timing);
    if (swept == Swept::all) {
        if (!is_gone) session.found_deaf();
        co_return Remains::nothing;
    }
    if (swept == Swept::some) co_return Remains::signalled;
    // Its end may have been told while we swept.
    const bool has_ended = swept == Swept::none && channel.seen().has_ended();
    if (is_gone || has_ended) co_return Remains::nothing;
    if (session.received() == before) session.doubt();
    // It was not found: it may have ended of itself, or its processes belong to somebody else.
    co_return session.ignores_signals() ? Remains::unknown : Remains::signalled;
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

Error interrupted(Heard heard, Remains remains)
{
    return heard == Heard::cancelled
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

/// The command ended, and the end of its output is missing. What there is could pass for the
/// whole, so it is not handed out.
Error cut_off(const Channel& channel, Heard heard)
{
    const auto& seen = channel.seen();
    const auto ended = seen.signal.empty() ? "ended with status " + std::to_string(*seen.status)
                                           : "was ended by signal " + escaped_line(seen.signal);
    switch (heard) {
    case Heard::cancelled:
        return {Errc::cancelled,
                "the call was cancelled before the end of the command's output had come; the "
                "command " +
                    ended};
    case Heard::deadline:
        return {Errc::deadline_exceeded,
                "the command " + ended + ", but the end of its output did not come in time"};
    default: break;
    }
    Error error{Errc::unreachable, "the connection to target " + quote(channel.session().target()) +
                                       " was lost before the end of the command's output; the "
                                       "command " +
                                       ended};
    if (channel.session().is_open()) return error;
    return std::move(error).because(channel.session().failure());
}

Result<ExecutionResult> outcome(Channel& channel, Heard heard, steady_clock::time_point started)
{
    const auto& seen = channel.seen();
    if (!seen.status && seen.signal.empty()) return fail(lost(channel.session()));
    // The end may have come together with the end of our patience.
    if (heard != Heard::all && !seen.has_all_output()) return fail(cut_off(channel, heard));
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
        const bool is_late = opened.error().code() == Errc::deadline_exceeded;
        if (is_late && has_waited && session->received() == before) session->doubt();
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
        const auto remains = late ? co_await stop(channel, *order, timing) : Remains::unknown;
        const auto heard = code == Errc::cancelled ? Heard::cancelled : Heard::deadline;
        co_return sent(fail(interrupted(heard, remains)));
    }
    session->warmed_up();

    const auto heard = co_await converse(channel, *order, timing);
    const bool is_interrupted = heard == Heard::deadline || heard == Heard::cancelled;
    if (is_interrupted && !channel.seen().has_ended()) {
        // Stopping takes its own time, whatever became of the caller.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        const auto remains = co_await stop(channel, *order, timing);
        co_return sent(fail(interrupted(heard, remains)));
    }
    co_return sent(outcome(channel, heard, started));
}

Task<Status> try_channel(std::shared_ptr<Session> session, Deadline deadline, Timing timing)
{
    const OutputBounds nothing;
    auto opened = co_await open_channel(session, nothing, deadline, timing);
    if (!opened) co_return fail(std::move(opened).error());
    co_return Status{};
}

}  // namespace tailops::targets::ssh
