#include "targets/ssh/warm_session.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace tailops::targets::ssh {
namespace asio = boost::asio;

namespace {

// A keepalive unanswered for this many turns (of Timing::keepalive) means a dead connection.
constexpr int silent_turns_max = 2;

Task<Result<std::shared_ptr<Session>>> log_in_with(std::shared_ptr<const Login> login,
                                                   Dial dial,
                                                   WarmSession::ReadKey read_key,
                                                   Deadline deadline)
{
    TAILOPS_CO_TRY(auto key, read_key());
    co_return co_await log_in(std::move(login), std::move(dial), std::move(key), deadline);
}

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
      last_used_{std::chrono::steady_clock::now()}
{
}

Task<Result<WarmSession::Lease>> WarmSession::get(Deadline deadline)
{
    const auto self = shared_from_this();
    last_used_ = std::chrono::steady_clock::now();
    if (closed_) co_return fail(Errc::unavailable, "the target is being removed");
    if (session_ && session_->is_open()) co_return Lease{session_, false};
    if (!login_) start_login();

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

void WarmSession::start_login()
{
    login_ = std::make_shared<Attempt>();
    const auto deadline = after(setup_.login->connection.connect_timeout);
    auto finish = [self = shared_from_this(), attempt = login_](
                      std::exception_ptr thrown, Result<std::shared_ptr<Session>> outcome) {
        if (thrown) outcome = fail(Errc::cancelled, "the login was given up");
        self->finish_login(attempt, std::move(outcome));
    };
    asio::co_spawn(strand_, log_in_with(setup_.login, setup_.dial, setup_.read_key, deadline),
                   asio::bind_cancellation_slot(stop_login_.slot(), std::move(finish)));
}

void WarmSession::finish_login(std::shared_ptr<Attempt> attempt,
                               Result<std::shared_ptr<Session>> outcome)
{
    login_.reset();
    if (!outcome && outcome.error().code() == Errc::deadline_exceeded) {
        // The login's own time, not a caller's: for them the target is not reachable.
        outcome = fail(Error{Errc::unreachable, outcome.error().public_message()}.because(
            Error{outcome.error()}));
    }
    if (outcome && closed_) {
        (*outcome)->close(Error{Errc::cancelled, "the target is being removed"});
    } else if (outcome) {
        session_ = *outcome;
        received_ = session_->received();
        silent_turns_ = 0;
        watch();
    }
    attempt->outcome.emplace(std::move(outcome));
    for (auto* const wakeup : attempt->waiting) wakeup->ring();
}

void WarmSession::close()
{
    closed_ = true;
    clock_.cancel();
    stop_login_.emit(asio::cancellation_type::terminal);
    if (session_) session_->close(Error{Errc::cancelled, "the target is being removed"});
    session_.reset();
}

void WarmSession::watch()
{
    clock_.expires_after(setup_.timing.keepalive);
    clock_.async_wait([weak = weak_from_this()](auto stopped) {
        const auto self = weak.lock();
        if (self && !stopped) self->look_after();
    });
}

void WarmSession::look_after()
{
    if (!session_ || !session_->is_open()) {
        session_.reset();
        return;
    }
    const bool is_shared = session_.use_count() > 1;  // a command holds it
    const auto idle = std::chrono::steady_clock::now() - last_used_;
    if (!is_shared && idle >= setup_.timing.idle_close) {
        session_->close(Error{Errc::unreachable, "the connection was idle"});
        session_.reset();
        return;
    }
    const bool was_silent = session_->received() == std::exchange(received_, session_->received());
    silent_turns_ = was_silent ? silent_turns_ + 1 : 0;
    if (silent_turns_ > silent_turns_max) {
        session_->close(Error{Errc::unreachable,
                              "target " + quote(setup_.login->target) + " no longer answers"});
        session_.reset();
        return;
    }
    if (was_silent) session_->send_keepalive();
    watch();
}

}  // namespace tailops::targets::ssh
