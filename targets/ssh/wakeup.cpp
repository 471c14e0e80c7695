#include "targets/ssh/wakeup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace tailops::targets::ssh {
namespace asio = boost::asio;

namespace {

// Who finds a ring there every time never suspends, and nobody else on the strand would run.
constexpr int kept_in_a_row_max = 16;

}  // namespace

/// A channel, because Asio owns who waits in it (and lets go of them when the runtime ends), and
/// because a message for one resumes it on the same strand without the scheduler's doing.
struct Wakeup::Bell {
    explicit Bell(const asio::any_io_executor& strand) : channel{strand, 1} {}
    asio::experimental::channel<void(boost::system::error_code)> channel;
};

struct Alarm::State : std::enable_shared_from_this<State> {
    explicit State(asio::any_io_executor where) : strand{std::move(where)}, timer{strand} {}

    asio::any_io_executor strand;
    asio::steady_timer timer;
    Deadline armed{Deadline::max()};
    std::vector<Wakeup*> waiting;

    void add(Wakeup& wakeup)
    {
        waiting.push_back(&wakeup);
        if (wakeup.deadline_ < armed) arm(wakeup.deadline_);
    }
    void remove(Wakeup& wakeup) { std::erase(waiting, &wakeup); }

    /// The timer stays armed when its waiter has gone: it then only looks for the next.
    void arm(Deadline when)
    {
        armed = when;
        timer.expires_at(when);
        timer.async_wait([weak = weak_from_this()](auto stopped) {
            const auto self = weak.lock();
            if (self && !stopped) self->ring_for_the_late();
        });
    }

    void ring_for_the_late()
    {
        const auto now = std::chrono::steady_clock::now();
        armed = Deadline::max();
        auto next = Deadline::max();
        for (auto* const wakeup : waiting) {
            if (wakeup->deadline_ > now) {
                next = std::min(next, wakeup->deadline_);
                continue;
            }
            // It takes itself off the list when it resumes.
            if (std::exchange(wakeup->waiting_, false)) {
                wakeup->bell_->channel.try_send(asio::error::timed_out);
            }
        }
        if (next != Deadline::max()) arm(next);
    }
};

Alarm::Alarm(asio::any_io_executor strand) : state_{std::make_shared<State>(std::move(strand))} {}

Alarm::~Alarm() = default;

Wakeup::Wakeup(Alarm& alarm)
    : alarm_{alarm.state_},
      bell_{std::make_unique<Bell>(alarm.state_->strand)}
{
}

Wakeup::~Wakeup()
{
    alarm_->remove(*this);
}

void Wakeup::ring()
{
    rung_ = true;
    if (std::exchange(waiting_, false)) bell_->channel.try_send(boost::system::error_code{});
}

Task<Wake> Wakeup::wait(Deadline deadline)
{
    const auto is_cancelled = [](asio::cancellation_state state) {
        return state.cancelled() != asio::cancellation_type::none;
    };
    co_await asio::this_coro::throw_if_cancelled(false);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return Wake::cancelled;
    if (!rung_) {
        kept_in_a_row_ = 0;
        deadline_ = deadline;
        waiting_ = true;
        alarm_->add(*this);
        // A ring that came between a cancellation and its resumption.
        bell_->channel.try_receive([](boost::system::error_code) {});
        const auto [stopped] =
            co_await bell_->channel.async_receive(asio::as_tuple(asio::use_awaitable));
        waiting_ = false;
        alarm_->remove(*this);
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return Wake::cancelled;
        if (!rung_) co_return stopped == asio::error::timed_out ? Wake::deadline : Wake::cancelled;
    } else if (++kept_in_a_row_ == kept_in_a_row_max) {
        kept_in_a_row_ = 0;
        co_await asio::post(alarm_->strand, asio::use_awaitable);
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return Wake::cancelled;
    }
    // Rings that never stop would otherwise outlast every deadline.
    if (std::chrono::steady_clock::now() >= deadline) co_return Wake::deadline;
    rung_ = false;
    co_return Wake::rung;
}

}  // namespace tailops::targets::ssh
