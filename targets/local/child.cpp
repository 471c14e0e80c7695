#include "targets/local/child.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/local/program.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets to say that it is C
}

namespace tailops::targets {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

// How long a background child may hold the pipes of a command that has ended.
constexpr auto drain_time = 1s;
// Between two looks at a process whose pidfd says "ended" while waitid(2) does not (a readiness
// that was meant for the descriptor before it, or a tracer that has not let go of it).
constexpr auto pause_after_false_alarm = 1ms;
// Between two looks at a process for which there was no pidfd.
constexpr auto pause_without_pidfd = 20ms;

struct Pipe {
    int read{-1}, write{-1};
    int failure{0};  // an errno; 0: it is open
    Pipe()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
            read = ends[0];
            write = ends[1];
        } else {
            failure = errno;
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        if (read >= 0) ::close(read);
        if (write >= 0) ::close(write);
    }
};

/// posix_spawn's attribute objects, destroyed on every way out.
struct SpawnPlan {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    SpawnPlan()
    {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan()
    {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }

    /// The three streams, nothing else open, a group of its own, default signals, root directory.
    void prepare(const Pipe& in, const Pipe& out, const Pipe& err)
    {
        ::posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        ::posix_spawn_file_actions_addchdir_np(&actions, "/");
        sigset_t signals;
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes, &signals);
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes, &signals);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
};

Status check(const Command& command)
{
    if (command.argv.empty() || command.argv[0].empty()) {
        return fail(Errc::invalid_argument, "an empty command");
    }
    for (const auto& word : command.argv) {
        if (word.find('\0') != std::string::npos) {
            return fail(Errc::invalid_argument, "a NUL byte cannot be part of a command");
        }
    }
    return {};
}

/// Gives a descriptor to Asio, which may have no room for it: then the answer is an errno.
int take_over(asio::posix::stream_descriptor& stream, int& descriptor)
{
    boost::system::error_code wrong;
    stream.assign(descriptor, wrong);
    if (!wrong) descriptor = -1;
    return wrong.value();
}

/// Whether the coroutine that awaits this was told to end.
Task<bool> is_cancelled()
{
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// Reads to the end, or until it is cancelled, which `is_over` says when nobody waits just then.
Task<void> collect(asio::posix::stream_descriptor& from, OutputCollector& into, const bool& is_over)
{
    std::array<char, 16 * 1024> chunk;  // NOLINT(*-member-init): read as far as written
    for (;;) {
        const auto [error, length] = co_await from.async_read_some(asio::buffer(chunk), awaited);
        if (error) co_return;
        into.add({chunk.data(), length});
        if (is_over) co_return;
    }
}

/// Takes what the pipe of a command that has ended still holds; whoever goes on writing to it is
/// not waited for.
void take_rest(asio::posix::stream_descriptor& from, OutputCollector& into)
{
    if (!from.is_open()) return;
    boost::system::error_code error;
    from.non_blocking(true, error);
    std::array<char, 16 * 1024> chunk;  // NOLINT(*-member-init): read as far as written
    for (int left = ::fcntl(from.native_handle(), F_GETPIPE_SZ); !error && left > 0;) {
        const auto length = from.read_some(asio::buffer(chunk), error);
        into.add({chunk.data(), length});
        left -= static_cast<int>(length);
    }
    from.close(error);
}

Task<void> feed(asio::posix::stream_descriptor& to, std::string input)
{
    // A program that does not read its input is no error of ours: EPIPE ends the feeding.
    if (!input.empty()) co_await asio::async_write(to, asio::buffer(input), awaited);
    boost::system::error_code ignored;
    to.close(ignored);
}

}  // namespace

/// What one communicate() call has in hand; lives in its frame.
struct Child::Exchange {
    Exchange(std::string given, const OutputBounds& bounds, const asio::any_io_executor& home)
        : input{std::move(given)},
          output{OutputStream::output, bounds},
          diagnostics{OutputStream::diagnostics, bounds},
          drain{home}
    {
    }
    std::string input;
    OutputCollector output;
    OutputCollector diagnostics;
    asio::steady_timer drain;
    bool streams_ended{false};
    bool is_over{false};
};

Child::Child(const asio::any_io_executor& home, std::shared_ptr<Reaper> reaper)
    : reaper_{std::move(reaper)},
      pidfd_{home},
      in_{home},
      out_{home},
      err_{home}
{
}

Result<Child> Child::spawn(const asio::any_io_executor& home,
                           const Command& command,
                           std::shared_ptr<Reaper> reaper)
{
    if (auto status = check(command); !status) return fail(std::move(status).error());
    TAILOPS_TRY(const auto program, find_program(command.argv[0]));
    Pipe in, out, err;
    for (const auto* pipe : {&in, &out, &err}) {
        if (pipe->failure != 0) return fail(not_started("pipe", pipe->failure));
    }
    // Before the start: once the program runs, nothing may fail here any more.
    Child child{home, std::move(reaper)};
    for (const auto& [stream, descriptor] :
         {std::pair{&child.in_, &in.write}, std::pair{&child.out_, &out.read},
          std::pair{&child.err_, &err.read}}) {
        const int failure = take_over(*stream, *descriptor);
        if (failure != 0) return fail(not_started("epoll", failure));
    }
    SpawnPlan plan;
    plan.prepare(in, out, err);

    std::vector<char*> argv, envp;
    for (const auto& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const auto* variable : child_environment) envp.push_back(const_cast<char*>(variable));
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    const auto pid = child.reaper_->spawn({.program = program.c_str(),
                                           .actions = &plan.actions,
                                           .attributes = &plan.attributes,
                                           .argv = argv.data(),
                                           .environment = envp.data()});
    if (!pid) {
        const int error = pid.error();
        if (error == ENOENT || error == EACCES || error == ENOTDIR) {
            return fail(no_program(command.argv[0], error));
        }
        return fail(not_started("posix_spawn", error));
    }
    child.pid_.value = *pid;
    child.watch_for_the_end();
    return child;
}

/// Without a pidfd (no descriptor was free) we look from time to time.
void Child::watch_for_the_end()
{
    int pidfd = ::pidfd_open(pid_.value, 0);
    if (pidfd >= 0 && take_over(pidfd_, pidfd) != 0) ::close(pidfd);
}

Child::~Child()
{
    if (pid_.value <= 0 || has_ended()) {
        ExecutionResult ignored;
        reap(ignored);
        return;
    }
    signal_group(SIGKILL);
    // Not waited for: what waits for a disk or runs as somebody else does not end at once.
    reaper_->leave(pid_.value);
}

/// Only while nobody has reaped the leader: until then the group's number is ours.
void Child::signal_group(int number)
{
    if (end_ == End::none) ::kill(-pid_.value, number);
}

bool Child::has_ended()
{
    if (end_ != End::none) return true;
    siginfo_t info{};
    const auto id = static_cast<id_t>(pid_.value);
    if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0) return info.si_pid != 0;
    // It is no child of ours any more: the system reaped it, because SIGCHLD is ignored.
    end_ = End::unknown;
    reaper_->forget(pid_.value);
    return true;
}

/// Takes the status of a process that has ended; false: it has not.
bool Child::reap(ExecutionResult& result)
{
    if (pid_.value <= 0 || !has_ended()) return false;
    if (end_ != End::none) return true;
    // The group may hold more than its leader; once the leader is reaped its id may be reused, so
    // this is the last moment to reach the rest.
    signal_group(SIGKILL);
    siginfo_t info{};
    const auto id = static_cast<id_t>(pid_.value);
    const bool is_told = ::waitid(P_PID, id, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0;
    end_ = is_told ? End::reaped : End::unknown;
    reaper_->forget(pid_.value);
    if (!is_told) return true;
    if (info.si_code == CLD_EXITED) {
        result.status = info.si_status;
    } else {
        result.status = -1;
        const char* name = ::sigabbrev_np(info.si_status);
        result.signal = name ? name : std::to_string(info.si_status);
    }
    return true;
}

/// Waits until waitid(2) says that the process has ended. False: this coroutine was cancelled.
///
/// A readiness is a hint: Asio gives the state of a descriptor that was closed to the next one, and
/// an event that was still under way then wakes whoever has it now.
Task<bool> Child::ended()
{
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer pause{pidfd_.get_executor()};
    while (!has_ended()) {
        if (co_await is_cancelled()) co_return false;
        if (pidfd_.is_open()) co_await pidfd_.async_wait(Stream::wait_read, awaited);
        if (has_ended()) break;
        pause.expires_after(pidfd_.is_open() ? pause_after_false_alarm : pause_without_pidfd);
        co_await pause.async_wait(awaited);
    }
    co_return true;
}

Task<void> Child::exchange(Exchange& state)
{
    using namespace asio::experimental::awaitable_operators;
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await (collect(out_, state.output, state.is_over) &&
              collect(err_, state.diagnostics, state.is_over) && feed(in_, std::move(state.input)));
    state.streams_ended = true;
    state.drain.cancel();
}

Task<void> Child::await_end(Exchange& state)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const bool is_over = co_await ended();
    if (!is_over || state.streams_ended) co_return;
    // It has ended, and a background child of it still holds the pipes.
    state.drain.expires_after(drain_time);
    co_await state.drain.async_wait(awaited);
    boost::system::error_code ignored;
    state.is_over = true;
    out_.cancel(ignored);
    err_.cancel(ignored);
    in_.close(ignored);
}

Task<Result<ExecutionResult>> Child::communicate(std::string input, OutputBounds bounds)
{
    using namespace asio::experimental::awaitable_operators;
    co_await asio::this_coro::throw_if_cancelled(false);

    Exchange state{std::move(input), bounds, pidfd_.get_executor()};
    co_await (exchange(state) && await_end(state));
    ExecutionResult result;
    if (!reap(result)) co_return fail(Errc::cancelled, "the command was cancelled");
    if (end_ == End::unknown) {
        co_return fail(Errc::outcome_unknown,
                       "the command has ended, with what status is not known; look at what it did "
                       "before it is run again");
    }
    // On a busy machine we may not have come to read all of it in the time for the drain.
    take_rest(out_, state.output);
    take_rest(err_, state.diagnostics);
    std::move(state.output).finish(result);
    std::move(state.diagnostics).finish(result);
    co_return result;
}

Task<bool> Child::ended_within(std::chrono::milliseconds time)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer{pidfd_.get_executor(), time};
    co_await (ended() || timer.async_wait(asio::use_awaitable));
    co_return has_ended();
}

Task<Remains> Child::stop(std::chrono::milliseconds grace)
{
    ExecutionResult ignored;
    if (reap(ignored)) co_return Remains::nothing;
    signal_group(SIGTERM);
    if (!co_await ended_within(grace)) {
        signal_group(SIGKILL);
        co_await ended_within(grace);
    }
    co_return reap(ignored) ? Remains::nothing : Remains::signalled;
}

}  // namespace tailops::targets
