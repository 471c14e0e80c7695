#include "targets/ssh/ssh_executor.hpp"

#include "gateway/async/run_on.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/ssh/dial.hpp"
#include "targets/ssh/login_shell.hpp"
#include "targets/ssh/quoting.hpp"
#include "targets/ssh/tunnel.hpp"
#include "targets/ssh/warm_session.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <sys/stat.h>

namespace tailops::targets {
namespace asio = boost::asio;
using ssh::WarmSession;
using WarmPointer = std::shared_ptr<WarmSession>;

namespace {

// Commands that may wait for a channel of one target; Bounded usually bounds them before.
constexpr std::size_t waiting_max = 256;

/// Reads the user's key, and reads it again only when its file has changed: deriving the key of an
/// encrypted file takes a fifth of a second, on the strand.
WarmSession::ReadKey key_reader(const SshExecutor::Setup& setup)
{
    struct Kept {
        std::shared_ptr<const ssh::UserKey> key;
        timespec changed{};
        ino_t inode{0};
    };
    if (setup.connection.has_no_key) {
        return [none = std::make_shared<const ssh::UserKey>()]() { return none; };
    }
    return
        [target = setup.id.str(), path = setup.connection.key_path, credentials = setup.credentials,
         kept = std::make_shared<Kept>()]() -> Result<std::shared_ptr<const ssh::UserKey>> {
            struct stat now{};
            const bool is_file = !credentials.key && ::stat(path.c_str(), &now) == 0;
            if (is_file && kept->key && kept->inode == now.st_ino &&
                kept->changed.tv_sec == now.st_ctim.tv_sec &&
                kept->changed.tv_nsec == now.st_ctim.tv_nsec) {
                return kept->key;
            }
            TAILOPS_TRY(auto key, ssh::read_user_key(target, path, credentials));
            auto shared = std::make_shared<const ssh::UserKey>(std::move(key));
            if (is_file) *kept = {.key = shared, .changed = now.st_ctim, .inode = now.st_ino};
            return shared;
        };
}

/// The way to a target behind another one.
struct Detour {
    std::string target;
    TargetId jump;
    std::string host;
    std::uint16_t port;
    std::function<std::shared_ptr<SshExecutor>(const TargetId&)> find;
};

/// What may be said of a jump host to those who may see the target and perhaps not the host: what
/// it is called stays in the detail.
Error failure_of_jump(const Error& error, const std::string& target)
{
    const auto told = [&](std::string_view what) {
        auto detail = error.public_message();
        if (!error.detail().empty()) detail += ": " + error.detail();
        return Error{error.code(),
                     "the jump host of target " + quote(target) + ' ' + std::string{what}}
            .with_detail(std::move(detail));
    };
    switch (error.code()) {
    case Errc::cancelled: return error;
    case Errc::unreachable: return told("cannot be reached, or could not connect to the target");
    case Errc::unauthorized_there:
        return told("refuses our login, or is not the host that is known");
    case Errc::deadline_exceeded: return told("did not connect to the target in time");
    case Errc::busy: return told("has too many connections");
    default: return told("cannot be used");
    }
}

Task<Result<ssh::Socket>> dial_through(Detour detour, Deadline deadline)
{
    const auto jump = detour.find ? detour.find(detour.jump) : nullptr;
    if (!jump) {
        co_return fail(Error{Errc::unreachable, "the jump host of target " + quote(detour.target) +
                                                    " is not an SSH target"}
                           .with_detail(detour.jump.str()));
    }
    const auto fd = co_await jump->open_stream(detour.host, detour.port, deadline);
    if (!fd) co_return fail(failure_of_jump(fd.error(), detour.target));
    co_return ssh::Socket{co_await asio::this_coro::executor,
                          asio::generic::stream_protocol{asio::local::stream_protocol{}}, *fd};
}

ssh::Dial dialer(const SshExecutor::Setup& setup)
{
    const auto& to = setup.connection;
    if (to.jump) {
        Detour detour{setup.id.str(), *to.jump, to.host, to.port, setup.credentials.jump};
        return [detour](Deadline deadline) { return dial_through(detour, deadline); };
    }
    return [target = setup.id.str(), host = to.host, port = to.port](Deadline deadline) {
        return ssh::dial_tcp(target, host, port, deadline);
    };
}

/// Whether another session than that of `lease` may do what `failure` kept this one from: it had
/// broken, or had no room though nothing of ours ran there.
bool is_worth_another(WarmSession& warm, WarmSession::Lease lease, const Error& failure)
{
    if (lease.is_fresh) return false;
    if (failure.code() == Errc::unreachable) return true;
    return failure.code() == Errc::busy && warm.give_up(std::move(lease));
}

/// Runs `order`. A session that turns out to be of no use before the command was sent is replaced
/// once.
Task<Result<ExecutionResult>> run_command(WarmPointer warm, std::shared_ptr<const ssh::Order> order)
{
    for (bool may_retry = true;; may_retry = false) {
        auto lease = co_await warm->get(order->deadline);
        if (!lease) co_return fail(std::move(lease).error().with_nothing_begun());
        if (const auto fit =
                co_await ssh::prove_login_shell(lease->session, order->deadline, warm->timing());
            !fit) {
            // sshd keeps a session's shell: a mended account shows only in a new one.
            if (fit.error().code() == Errc::unauthorized_there) warm->retire(lease->session);
            if (may_retry && is_worth_another(*warm, *std::move(lease), fit.error())) continue;
            co_return fail(Error{fit.error()});
        }
        auto attempt = co_await ssh::run_order(lease->session, order, warm->timing());
        if (attempt.result || attempt.sent || !may_retry) co_return std::move(attempt.result);
        if (!is_worth_another(*warm, *std::move(lease), attempt.result.error())) {
            co_return std::move(attempt.result);
        }
    }
}

/// A login that works is the proof; one that is already there has to show that it still does.
Task<Result<ExecutionResult>> probe(WarmPointer warm, Deadline deadline)
{
    const auto started = std::chrono::steady_clock::now();
    for (bool may_retry = true;; may_retry = false) {
        auto lease = co_await warm->get(deadline);
        if (!lease) co_return fail(Error{lease.error()}.with_nothing_begun());
        Status alive;
        if (!lease->is_fresh) {
            alive = co_await ssh::try_channel(lease->session, deadline, warm->timing());
        }
        if (alive) break;
        if (!may_retry || !is_worth_another(*warm, *std::move(lease), alive.error())) {
            co_return fail(Error{alive.error()}.with_nothing_begun());
        }
    }
    ExecutionResult result;
    result.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    co_return result;
}

Task<Result<int>> open_stream_from(WarmPointer warm,
                                   std::string host,
                                   std::uint16_t port,
                                   Deadline deadline)
{
    TAILOPS_CO_TRY(const auto lease, co_await warm->get(deadline));
    co_return co_await ssh::open_tunnel(lease.session, std::move(host), port, deadline);
}

// From the caller's strand to the session's. No coroutines: GCC 12 moves a closure that is made in
// an expression with co_await byte by byte.
Task<Result<ExecutionResult>> probe_there(WarmPointer warm, Deadline deadline)
{
    return run_on<ExecutionResult>(warm->strand(),
                                   [warm, deadline] { return probe(warm, deadline); });
}

Task<Result<ExecutionResult>> run_there(WarmPointer warm, std::shared_ptr<const ssh::Order> order)
{
    return run_on<ExecutionResult>(warm->strand(),
                                   [warm, order] { return run_command(warm, order); });
}

Task<Result<int>> open_stream_there(WarmPointer warm,
                                    std::string host,
                                    std::uint16_t port,
                                    Deadline deadline)
{
    return run_on<int>(warm->strand(), [warm, host = std::move(host), port, deadline] {
        return open_stream_from(warm, host, port, deadline);
    });
}

Task<Result<ssh::ScannedHostKey>> scan_there(WarmPointer warm, Deadline deadline)
{
    return run_on<ssh::ScannedHostKey>(warm->strand(),
                                       [warm, deadline] { return warm->scan_host_key(deadline); });
}

}  // namespace

Result<std::shared_ptr<SshExecutor>> SshExecutor::make(asio::any_io_executor io,
                                                       Setup setup,
                                                       const ssh::Timing& timing)
{
    const auto name = quote(setup.id.view());
    if (setup.connection.host.empty() || setup.connection.username.empty()) {
        return fail(Errc::invalid_argument, "target " + name + " needs a host and a username");
    }
    if (!setup.connection.host_key.empty() && !ssh::parse_host_key(setup.connection.host_key)) {
        return fail(Errc::invalid_argument,
                    "host_key of target " + name + " is not \"TYPE BASE64\" as in known_hosts");
    }
    auto login = std::make_shared<const ssh::Login>(
        ssh::Login{setup.id.str(), setup.connection, setup.known_hosts_file});
    auto warm = std::make_shared<WarmSession>(asio::make_strand(io),
                                              WarmSession::Setup{.login = std::move(login),
                                                                 .dial = dialer(setup),
                                                                 .read_key = key_reader(setup),
                                                                 .timing = timing});
    return std::make_shared<SshExecutor>(std::move(warm), setup);
}

SshExecutor::SshExecutor(std::shared_ptr<WarmSession> warm, const Setup& setup)
    : target_{setup.id.str()},
      warm_{std::move(warm)},
      channels_{std::max<std::size_t>(1, setup.connection.channels_max), waiting_max}
{
}

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for the post there is nobody to tell
SshExecutor::~SshExecutor()
{
    asio::post(warm_->strand(), [warm = warm_] { warm->close(); });
}

Task<Result<ExecutionResult>> SshExecutor::run(policy::Permit permit, Operation operation)
{
    const auto deadline = after(permit.obligations().timeout);
    const auto warm = warm_;
    if (std::holds_alternative<Probe>(operation)) {
        co_return co_await probe_there(warm, deadline);
    }
    auto* const command = std::get_if<Command>(&operation);
    if (command == nullptr) {
        co_return fail(Errc::invalid_argument, "target " + quote(target_) + " does not offer " +
                                                   std::string{to_string(facet_of(operation))});
    }
    std::optional mark{ssh::RunMark::fresh()};
    auto line = ssh::shell_line(command->argv, mark->preamble());
    if (!line) {
        // It may be only just too long; such a command runs without.
        mark.reset();
        line = ssh::shell_line(command->argv);
    }
    if (!line) co_return fail(std::move(line).error().with_nothing_begun());
    auto slot = co_await channels_.take(deadline);
    if (!slot) {
        const auto& waited = slot.error();
        // Not the machine, but what we have it do keeps this waiting.
        const bool is_late = waited.code() == Errc::deadline_exceeded;
        Error full{is_late ? Errc::busy : waited.code(), waited.public_message()};
        co_return fail(std::move(full).with_nothing_begun());
    }
    auto order = std::make_shared<ssh::Order>();
    order->line = *std::move(line);
    order->mark = std::move(mark);
    order->input = std::move(command->input);
    order->bounds.limit_bytes = permit.obligations().output_limit_bytes;
    order->bounds.rest = std::move(command->rest);
    order->bounds.secrets = std::move(command->secrets);
    order->deadline = deadline;
    order->commitment = permit.commitment();
    co_return co_await run_there(warm, std::move(order));
}

Task<Result<int>> SshExecutor::open_stream(std::string host, std::uint16_t port, Deadline deadline)
{
    co_return co_await open_stream_there(warm_, std::move(host), port, deadline);
}

Task<Result<ssh::ScannedHostKey>> SshExecutor::scan_host_key(Deadline deadline)
{
    co_return co_await scan_there(warm_, deadline);
}

Result<std::shared_ptr<Executor>> make_ssh_executor(asio::any_io_executor io,
                                                    TargetId id,
                                                    SshConnection connection,
                                                    SshCredentials credentials,
                                                    std::string known_hosts_file)
{
    return SshExecutor::make(std::move(io),
                             {.id = std::move(id),
                              .connection = std::move(connection),
                              .credentials = std::move(credentials),
                              .known_hosts_file = std::move(known_hosts_file)},
                             ssh::Timing{});
}

}  // namespace tailops::targets
