#include "targets/ssh/session.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/connect.hpp"

#include <boost/asio/defer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <libssh/libssh.h>
#include <libssh/server.h>  // ssh_send_keepalive

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tailops::targets::ssh {
namespace asio = boost::asio;

namespace {

// libssh would choose chacha20-poly1305; AES-GCM is 3 times faster on machines with AES
// instructions.
constexpr auto ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes256-ctr,aes192-ctr,aes128-ctr";

// A burst of input is taken in turns, so that one session cannot keep its I/O thread to itself.
constexpr int reads_per_turn_max = 64;

// Of channels whose opening the server has not answered yet. Callers that give up while a far
// server opens theirs leave a few for a round trip; as many as this tell of a server that is stuck.
constexpr std::size_t retired_max = 64;

// What libssh 0.10 asks the socket for at once (MAX_BUF_SIZE of its socket.c); with another number
// the rest is taken in on the next turn.
constexpr std::uint64_t libssh_read_bytes = 4096;

/// `types` first, then every other that we accept: so a host whose RSA key is known is not asked
/// for its Ed25519 key, while a host that no longer has the known one is seen to have changed.
std::string host_key_algorithms(const std::vector<std::string>& types)
{
    const std::vector<std::string> accepted{"ssh-ed25519",         "ecdsa-sha2-nistp256",
                                            "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
                                            "rsa-sha2-512",        "rsa-sha2-256"};
    const auto is_preferred = [&types](const std::string& algorithm) {
        return std::ranges::any_of(types, [&algorithm](const std::string& type) {
            return type == algorithm || (type == "ssh-rsa" && algorithm.starts_with("rsa-"));
        });
    };
    auto ordered = accepted;
    std::ranges::stable_partition(ordered, is_preferred);
    return join(ordered, ",");
}

}  // namespace

struct Session::Counters {
    ssh_counter_struct bytes{};
};

Session::Listener::Listener(Session& session) : wakeup{session.alarm()}, session_{session}
{
    session_.listeners_.push_back(this);
}

Session::Listener::~Listener()
{
    std::erase(session_.listeners_, this);
}

Session::Session(Socket socket, Introduction introduction)
    : introduction_{std::move(introduction)},
      socket_{std::move(socket)},
      alarm_{socket_.get_executor()},
      counters_{std::make_unique<Counters>()}
{
}

Session::~Session() = default;

Result<std::shared_ptr<Session>> Session::over(Socket socket, Introduction introduction)
{
    auto session = std::make_shared<Session>(std::move(socket), std::move(introduction));
    auto configured = session->configure();
    if (!configured) return fail(std::move(configured).error());
    return session;
}

asio::any_io_executor Session::executor()
{
    return socket_.get_executor();
}

std::uint64_t Session::received() const noexcept
{
    return counters_->bytes.in_bytes;
}

Status Session::configure()
{
    session_.reset(ssh_new());
    event_.reset(ssh_event_new());
    // libssh closes the descriptor it is given on some paths only; it gets one of its own, which
    // ssh_free always closes, and we keep ours.
    const int fd = ::fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return fail(net::our_shortage({errno, boost::system::system_category()}));
    if (!session_ || !event_) {
        ::close(fd);
        return fail(Errc::internal, "no SSH session can be created");
    }
    const auto algorithms = host_key_algorithms(introduction_.host_key_types);
    const int no = 0;
    auto* const raw = session_.get();
    bool ok = ssh_options_set(raw, SSH_OPTIONS_FD, &fd) == SSH_OK;
    if (!ok) ::close(fd);
    const auto set = [&](ssh_options_e option, const void* value) {
        ok = ok && ssh_options_set(raw, option, value) == SSH_OK;
    };
    // Nothing of the daemon's user or of the machine may change how we connect.
    set(SSH_OPTIONS_PROCESS_CONFIG, &no);
    set(SSH_OPTIONS_SSH_DIR, "/nonexistent");
    set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
    set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set(SSH_OPTIONS_HOST, "target");  // only names a known_hosts entry, which we look up ourselves
    set(SSH_OPTIONS_USER, introduction_.username.c_str());
    set(SSH_OPTIONS_CIPHERS_C_S, ciphers);
    set(SSH_OPTIONS_CIPHERS_S_C, ciphers);
    set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str());
    set(SSH_OPTIONS_COMPRESSION, "no");
    if (!ok) {
        return fail(
            Error{Errc::internal, "no SSH session can be created"}.with_detail(ssh_get_error(raw)));
    }
    ssh_set_blocking(raw, 0);
    // What a server asks of us (to open channels, to forward) is refused; without this libssh would
    // queue it for ever.
    ssh_set_message_callback(raw, [](ssh_session, ssh_message, void*) { return 1; }, nullptr);
    ssh_set_counters(raw, &counters_->bytes, nullptr);
    return {};
}

Task<Status> Session::exchange_keys(Deadline deadline)
{
    Listener listener{*this};
    bool first = true;
    for (;;) {
        const int answer = ssh_connect(raw());
        if (first) {
            first = false;
            // libssh has just made the socket blocking; a full socket must not stop the strand.
            const int flags = ::fcntl(socket_.native_handle(), F_GETFL);
            ::fcntl(socket_.native_handle(), F_SETFL, flags | O_NONBLOCK);
            ssh_event_add_session(event_.get(), raw());
        }
        if (answer == SSH_ERROR) {
            close(loss());
        }
        drive();
        if (!is_open()) co_return fail(failure());
        if (answer == SSH_OK) co_return Status{};
        switch (co_await listener.wakeup.wait(deadline)) {
        case Wake::rung: break;
        case Wake::cancelled: co_return fail(Errc::cancelled, "the caller went away");
        case Wake::deadline:
            co_return fail(Errc::deadline_exceeded,
                           "target " + quote(target()) + " did not answer in time");
        }
    }
}

bool Session::ignores_signals() const noexcept
{
    if (is_deaf_) return true;
    const char* const version = ssh_get_serverbanner(raw());
    return version != nullptr && std::string_view{version}.starts_with("SSH-2.0-Tailscale");
}

bool Session::signals_groups() const noexcept
{
    return ssh_get_openssh_version(raw()) != 0;
}

void Session::retire(ssh_channel_struct* channel)
{
    if (!is_open()) return;  // goes with the session
    retired_.push_back(channel);
    drive_later();
}

bool Session::is_crowded() const noexcept
{
    return retired_.size() >= retired_max;
}

void Session::settle_retired()
{
    std::erase_if(retired_, [this](auto* channel) { return is_settled(channel); });
}

/// Frees `channel` if that leaves nothing behind on the server.
///
/// ssh_channel_free alone forgets a channel whose opening is unanswered: the server then opens its
/// end, which nobody closes, and counts it against MaxSessions for good. And it sends no CLOSE when
/// the socket has no room for the EOF before it.
bool Session::is_settled(ssh_channel_struct* channel)
{
    // Of a channel that was asked for already, of whatever kind, this only tells what became of it.
    if (ssh_channel_open_session(channel) == SSH_AGAIN) return false;
    // One that was denied has no number at the server: a CLOSE would end another one.
    const bool was_open = ssh_channel_is_open(channel) != 0 || ssh_channel_is_eof(channel) != 0;
    if (was_open && ssh_channel_close(channel) == SSH_AGAIN) return false;
    ssh_channel_free(channel);
    return true;
}

void Session::close(Error why)
{
    if (failure_) return;
    failure_.emplace(std::move(why));
    // libssh holds a duplicate until the last channel lets go: shut the connection, not only our
    // end. And take the socket from Asio before it is closed: Asio leaves it to the kernel to
    // forget a socket that is closed, which it does not do while there is a duplicate, and the
    // events that still come would be taken for those of the next descriptor with its place.
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    boost::system::error_code failed;
    const int fd = socket_.release(failed);
    if (!failed) ::close(fd);
    for (auto* const listener : listeners_) listener->wakeup.ring();
}

void Session::send_keepalive()
{
    if (!is_open()) return;
    // libssh has one question open at a time: as long as it is, a call does nothing, and the first
    // call after the answer only takes note of it. The second call then asks. What a call makes of
    // a broken connection, drive() sees.
    const auto sent = counters_->bytes.out_bytes;
    ssh_send_keepalive(raw());
    if (counters_->bytes.out_bytes == sent && !wants_to_write()) ssh_send_keepalive(raw());
    drive();
}

void Session::acknowledge_quickly() noexcept
{
    // sshd leaves Nagle's algorithm on until its first session starts, and then waits for our
    // delayed acknowledgement: 44 ms of a 68 ms login. The kernel turns quick ACKs off by itself,
    // so they are asked for again on every turn. Fails on what is not TCP, which needs none.
    const int yes = 1;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

bool Session::wants_to_write() const noexcept
{
    return (ssh_get_poll_flags(raw()) & SSH_WRITE_PENDING) != 0;
}

void Session::drive()
{
    if (!is_open()) return;
    // libssh writes at most once and must then be told that it may go on. Nothing is read for its
    // own sake: what arrives wakes us by itself.
    int answer = SSH_OK;
    for (int turn = 0; answer == SSH_OK && wants_to_write() && turn < reads_per_turn_max; ++turn) {
        answer = ssh_event_dopoll(event_.get(), 0);
    }
    conclude(answer);
}

void Session::drive_later()
{
    asio::defer(executor(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->drive();
    });
}

/// The socket is ready: takes in what has arrived.
void Session::receive()
{
    if (!is_open()) return;
    int answer = SSH_OK;
    for (int turn = 0; answer == SSH_OK && turn < reads_per_turn_max; ++turn) {
        const auto before = received();
        answer = ssh_event_dopoll(event_.get(), 0);
        // Less than libssh asked for: there is no more.
        if (received() - before < libssh_read_bytes && !wants_to_write()) break;
    }
    conclude(answer);
}

/// Why the connection is over.
Error Session::loss() const
{
    const std::string detail = ssh_get_error(raw());
    const auto name = "target " + quote(target());
    const auto told = [&](std::string what) {
        return Error{Errc::unreachable, std::move(what)}.with_detail(detail);
    };
    if (ssh_get_serverbanner(raw()) != nullptr) {
        return told("the connection to " + name + " was lost");
    }
    // Of an SSH server that turns us away it is a line.
    constexpr std::uint64_t farewell_bytes_max = 1024;
    if (received() > farewell_bytes_max || detail.contains("Protocol mismatch")) {
        return told(name +
                    " does not talk SSH: what it says first is no greeting of an SSH server; look "
                    "at its host and port");
    }
    // OpenSSH tells whom it does not want so in a line of its own, and drops who was refused too
    // often (from 9.8 on).
    return told(name +
                " closed the connection before it talked SSH: its server holds this address "
                "off for a while after refused logins (PerSourcePenalties), or is full "
                "(MaxStartups)");
}

/// After libssh's last step answered `answer`.
void Session::conclude(int answer)
{
    if (cold_) acknowledge_quickly();
    if (answer != SSH_ERROR && !retired_.empty()) settle_retired();
    const auto ended = SSH_CLOSED | SSH_CLOSED_ERROR;
    if (answer == SSH_ERROR || (ssh_get_status(raw()) & ended) != 0) {
        close(loss());
        return;
    }
    if (received() != announced_) {
        announced_ = received();
        for (auto* const listener : listeners_) {
            if (listener->on_every_message) listener->wakeup.ring();
        }
    }
    arm();
}

void Session::arm()
{
    // Asio's wait re-arms the kernel's edge trigger, so input that is there already wakes at once.
    const auto wait = [this](Socket::wait_type direction, bool Session::* pending) {
        this->*pending = true;
        socket_.async_wait(direction, [weak = weak_from_this(), pending](auto stopped) {
            const auto self = weak.lock();
            if (!self) return;
            (*self).*pending = false;
            if (!stopped) self->receive();
        });
    };
    if (!reading_) wait(Socket::wait_read, &Session::reading_);
    if (!writing_ && wants_to_write()) wait(Socket::wait_write, &Session::writing_);
}

}  // namespace tailops::targets::ssh
