#include "targets/local/child.hpp"

#include "gateway/core/text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
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

/// What a command finds in its environment; the daemon's own may hold credentials.
constexpr std::array environment = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "HOME=/",
    "TERM=dumb",
};

struct Pipe {
    int read{-1}, write{-1};
    Pipe()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
            read = ends[0];
            write = ends[1];
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        if (read >= 0) ::close(read);
        if (write >= 0) ::close(write);
    }
    bool is_open() const { return read >= 0; }
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

Error system_error(std::string_view what, int number)
{
    return Error{Errc::internal, "the command could not be started"}.with_detail(
        std::string{what} + ": " + std::strerror(number));
}

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

/// Reads to the end.
Task<void> collect(asio::posix::stream_descriptor& from, OutputCollector& into)
{
    std::array<char, 16 * 1024> chunk;  // NOLINT(*-member-init): read as far as written
    for (;;) {
        const auto [error, length] = co_await from.async_read_some(asio::buffer(chunk), awaited);
        if (error) co_return;
        into.add({chunk.data(), length});
    }
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
};

Child::Child(const asio::any_io_executor& home, pid_t pid, int pidfd)
    : pid_{pid},
      pidfd_{home, pidfd},
      in_{home},
      out_{home},
      err_{home}
{
}

Result<Child> Child::spawn(const asio::any_io_executor& home, const Command& command)
{
    if (auto status = check(command); !status) return fail(std::move(status).error());
    Pipe in, out, err;
    if (!in.is_open() || !out.is_open() || !err.is_open()) return fail(system_error("pipe", errno));
    SpawnPlan plan;
    plan.prepare(in, out, err);

    std::vector<char*> argv, envp;
    for (const auto& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const auto* variable : environment) envp.push_back(const_cast<char*>(variable));
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    pid_t pid{};
    const int error =
        ::posix_spawnp(&pid, argv[0], &plan.actions, &plan.attributes, argv.data(), envp.data());
    if (error == ENOENT || error == EACCES) {
        return fail(
            Error{Errc::not_found, "there is no program " + quote(command.argv[0])}.with_detail(
                std::strerror(error)));
    }
    if (error != 0) return fail(system_error("posix_spawn", error));

    const int pidfd = ::pidfd_open(pid, 0);
    if (pidfd < 0) {
        const int number = errno;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return fail(system_error("pidfd_open", number));
    }
    Child child{home, pid, pidfd};
    child.in_.assign(std::exchange(in.write, -1));
    child.out_.assign(std::exchange(out.read, -1));
    child.err_.assign(std::exchange(err.read, -1));
    return child;
}

Child::~Child()
{
    if (pid_.value <= 0 || reaped_) return;
    ::kill(-pid_.value, SIGKILL);
    ::waitpid(pid_.value, nullptr, 0);
}

bool Child::reap(ExecutionResult& result)
{
    if (reaped_) return true;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_.value), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0) {
        return false;
    }
    // The group may hold more than its leader; once the leader is reaped its id may be reused, so
    // this is the last moment to reach the rest.
    ::kill(-pid_.value, SIGKILL);
    ::waitid(P_PID, static_cast<id_t>(pid_.value), &info, WEXITED);
    reaped_ = true;
    if (info.si_code == CLD_EXITED) {
        result.status = info.si_status;
    } else {
        result.status = -1;
        const char* name = ::sigabbrev_np(info.si_status);
        result.signal = name ? name : std::to_string(info.si_status);
    }
    return true;
}

Task<void> Child::exchange(Exchange& state)
{
    using namespace asio::experimental::awaitable_operators;
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await (collect(out_, state.output) && collect(err_, state.diagnostics) &&
              feed(in_, std::move(state.input)));
    state.streams_ended = true;
    state.drain.cancel();
}

Task<void> Child::await_end(Exchange& state)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto [error] = co_await pidfd_.async_wait(Stream::wait_read, awaited);
    if (error || state.streams_ended) co_return;
    // It has ended, and a background child of it still holds the pipes.
    state.drain.expires_after(drain_time);
    co_await state.drain.async_wait(awaited);
    boost::system::error_code ignored;
    out_.close(ignored);
    err_.close(ignored);
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
    std::move(state.output).finish(result);
    std::move(state.diagnostics).finish(result);
    co_return result;
}

Task<bool> Child::ended_within(std::chrono::milliseconds time)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer{pidfd_.get_executor(), time};
    auto first = co_await (pidfd_.async_wait(Stream::wait_read, asio::use_awaitable) ||
                           timer.async_wait(asio::use_awaitable));
    co_return first.index() == 0;
}

Task<Remains> Child::stop(std::chrono::milliseconds grace)
{
    ExecutionResult ignored;
    if (reap(ignored)) co_return Remains::nothing;
    ::kill(-pid_.value, SIGTERM);
    if (!co_await ended_within(grace)) {
        ::kill(-pid_.value, SIGKILL);
        co_await ended_within(grace);
    }
    co_return reap(ignored) ? Remains::nothing : Remains::signalled;
}

}  // namespace tailops::targets
