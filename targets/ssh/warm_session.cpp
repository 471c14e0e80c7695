#include "targets/ssh/warm_session.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace tailops::targets::ssh {
namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

// A keepalive unanswered for this many turns (of Timing::keepalive) means a dead connection.
constexpr int silent_turns_max = 2;

}  // namespace

/// One login and those who wait for it.
struct WarmSession::Attempt {
    std::optional<Result<std::shared_ptr<Session>>> outcome;
    std::vector<Wakeup*> waiting;
};

WarmSession::WarmSession(asio::any_io_executor strand, Setup setup)
    : strand_{std::move(strand)},
      setup_{std::move(setup)},
      alarm_{strand_},
      clock_{strand_},
      last_used_{steady_clock::now()}
{
}

Task<Result<WarmSession::Lease>> WarmSession::get(Deadline deadline)
{
    const auto self = shared_from_this();
    last_used_ = steady_clock::now();
    if (closed_) co_return fail(Errc::unavailable, "the target is being removed");
    if (current_ && is_spent(*current_)) replace();
    if (current_) co_return Lease{current_->session, false};
    if (!login_) {
        if (auto refusal = remembered_refusal()) co_return fail(*std::move(refusal));
        start_login();
    }

    const auto attempt = login_;
    Wakeup wakeup{alarm_};
    attempt->waiting.push_back(&wakeup);
    auto wake = Wake::rung;
    while (!attempt->outcome && wake == Wake::rung) wake = co_await wakeup.wait(deadline);
    std::erase(attempt->waiting, &wakeup);

    if (attempt->outcome) {
        if (!*attempt->outcome) co_return fail(attempt->outcome->error());
        co_return Lease{**attempt->outcome, true};
    }
    if (wake == Wake::cancelled) co_return fail(Errc::cancelled, "the caller went away");
    co_return fail(Errc::deadline_exceeded, "target " + quote(setup_.login->target) +
                                                " did not answer in time; nothing was started");
}

Task<Result<ScannedHostKey>> WarmSession::scan_host_key(Deadline deadline) const
{
    return ssh::scan_host_key(setup_.login, setup_.dial, deadline);
}

void WarmSession::retire(const std::shared_ptr<Session>& session)
{
    if (current_ && current_->session == session) replace();
}

bool WarmSession::give_up(Lease lease)
{
    const bool is_current = current_ && current_->session == lease.session;
    lease.session.reset();
    if (!is_current) return true;
    if (current_->is_in_use()) return false;
    current_->session->close(Error{Errc::unreachable, "the connection has no room for commands"});
    current_.reset();
    return true;
}

// A function, because GCC 12 moves an aggregate made in a coroutine's expression byte by byte.
WarmSession::Outcome WarmSession::ended(Result<std::shared_ptr<Session>> session, bool is_refusal)
{
    return {.session = std::move(session), .is_refusal = is_refusal};
}

Task<WarmSession::Outcome> WarmSession::log_in_as(Setup setup, Deadline deadline)
{
    auto key = setup.read_key();
    if (!key) co_return ended(fail(std::move(key).error()));
    auto session = co_await reach(setup.login, setup.dial, deadline);
    if (!session) co_return ended(std::move(session));
    auto let_in = co_await (*session)->log_in(**key, deadline);
    if (let_in) co_return ended(std::move(session));
    const bool is_refusal = let_in.error().code() == Errc::unauthorized_there;
    co_return ended(fail(std::move(let_in).error()), is_refusal);
}

void WarmSession::start_login()
{
    login_ = std::make_shared<Attempt>();
    const auto deadline = after(setup_.login->connection.connect_timeout);
    auto finish = [self = shared_from_this(), attempt = login_](std::exception_ptr thrown,
                                                                Outcome outcome) {
        if (thrown) outcome = ended(fail(Errc::cancelled, "the login was given up"));
        self->finish_login(attempt, std::move(outcome));
    };
    asio::co_spawn(strand_, log_in_as(setup_, deadline),
                   asio::bind_cancellation_slot(stop_login_.slot(), std::move(finish)));
}

void WarmSession::finish_login(std::shared_ptr<Attempt> attempt, Outcome login)
{
    login_.reset();
    auto outcome = std::move(login.session);
    if (!outcome && outcome.error().code() == Errc::deadline_exceeded) {
        // The login's own time, not a caller's: for them the target is not reachable.
        outcome = fail(Error{Errc::unreachable, outcome.error().public_message()}.because(
            Error{outcome.error()}));
    }
    if (login.is_refusal) remember_refusal(outcome.error());
    if (outcome && closed_) {
        (*outcome)->close(Error{Errc::cancelled, "the target is being removed"});
    } else if (outcome) {
        refusal_.reset();
        refusal_pause_ = {};
        current_ = Watched{
            .session = *outcome, .since = steady_clock::now(), .received = (*outcome)->received()};
        watch();
    }
    attempt->outcome.emplace(std::move(outcome));
    for (auto* const wakeup : attempt->waiting) wakeup->ring();
}

void WarmSession::remember_refusal(const Error& refusal)
{
    const auto& timing = setup_.timing;
    refusal_pause_ = refusal_pause_ == std::chrono::milliseconds{0}
                         ? timing.refusal_pause
                         : std::min(refusal_pause_ * 3, timing.refusal_pause_max);
    refused_until_ = after(refusal_pause_);
    refusal_ = refusal;
}

/// The last login's refusal, as long as it stands for the next one's.
std::optional<Error> WarmSession::remembered_refusal() const
{
    const auto left = refused_until_ - steady_clock::now();
    if (!refusal_ || left <= left.zero()) return std::nullopt;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    return Error{refusal_->code(), refusal_->public_message() +
                                       "; this is remembered, the next login is tried in " +
                                       std::to_string(seconds) + " s"}
        .because(Error{*refusal_});
}

/// Whether nobody new should come to it.
bool WarmSession::is_spent(const Watched& watched) const
{
    const auto age = steady_clock::now() - watched.since;
    const auto& session = *watched.session;
    return !session.is_open() || session.is_crowded() || session.is_doubtful() ||
           age >= setup_.login->connection.login_lifetime;
}

/// Leaves the current session to those who use it.
void WarmSession::replace()
{
    if (current_->is_in_use() && current_->session->is_open()) {
        replaced_.push_back(*std::move(current_));
    } else {
        current_->session->close(Error{Errc::unreachable, "the connection has been replaced"});
    }
    current_.reset();
}

void WarmSession::close()
{
    closed_ = true;
    clock_.cancel();
    stop_login_.emit(asio::cancellation_type::terminal);
    const Error removed{Errc::cancelled, "the target is being removed"};
    if (current_) current_->session->close(removed);
    current_.reset();
    for (const auto& watched : replaced_) watched.session->close(removed);
    replaced_.clear();
}

void WarmSession::watch()
{
    if (watching_) return;
    watching_ = true;
    clock_.expires_after(setup_.timing.keepalive);
    clock_.async_wait([weak = weak_from_this()](auto stopped) {
        const auto self = weak.lock();
        if (self && !stopped) self->look_after();
    });
}

void WarmSession::look_after()
{
    watching_ = false;
    std::erase_if(replaced_, [this](Watched& watched) { return is_over(watched); });
    if (current_ && is_over(*current_)) current_.reset();
    if (current_ || !replaced_.empty()) watch();
}

/// Whether a session is not needed or not there any more, and is closed then; else it has been
/// asked for a sign of life where there was none.
bool WarmSession::is_over(Watched& watched)
{
    auto& session = *watched.session;
    if (!session.is_open()) return true;
    const auto idle = steady_clock::now() - last_used_;
    if (!watched.is_in_use() && (idle >= setup_.timing.idle_close || is_spent(watched))) {
        session.close(Error{Errc::unreachable, "the connection was idle"});
        return true;
    }
    const auto received = session.received();
    const bool was_silent = received == std::exchange(watched.received, received);
    watched.silent_turns = was_silent ? watched.silent_turns + 1 : 0;
    if (watched.silent_turns > silent_turns_max) {
        session.close(Error{Errc::unreachable,
                            "target " + quote(setup_.login->target) + " no longer answers"});
        return true;
    }
    if (was_silent) session.send_keepalive();
    return false;
}

}  // namespace tailops::targets::ssh
