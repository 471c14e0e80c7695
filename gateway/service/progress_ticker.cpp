#include "gateway/service/progress_ticker.hpp"

#include <utility>

namespace tailops::service {

struct ProgressTicker::Beat : std::enable_shared_from_this<Beat> {
    Beat(const boost::asio::any_io_executor& strand, Caller& whose, std::chrono::milliseconds every)
        : timer{strand},
          caller{&whose},
          interval{every}
    {
    }

    void wait()
    {
        timer.expires_after(interval);
        timer.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
            if (!stopped && self->caller) self->tell();
        });
    }

    std::chrono::duration<double> spent() const { return std::chrono::steady_clock::now() - begun; }

    void tell()
    {
        const auto seconds = static_cast<std::int64_t>(spent().count());
        tell("run " + caller->request().str() + " goes on, " + std::to_string(seconds) +
             " s so far" + (step.empty() ? "" : ": " + step));
        wait();
    }

    void tell(std::string message) const
    {
        caller->progress({.done = spent().count(), .total = {}, .message = std::move(message)});
    }

    boost::asio::steady_timer timer;
    Caller* caller;      // null: the call is over
    std::string step{};  // that a job is at
    const std::chrono::milliseconds interval;
    const std::chrono::steady_clock::time_point begun{std::chrono::steady_clock::now()};
};

ProgressTicker::ProgressTicker(boost::asio::any_io_executor strand,
                               Caller& caller,
                               std::chrono::milliseconds interval)
{
    if (!caller.wants_progress()) return;
    beat_ = std::make_shared<Beat>(strand, caller, interval);
    beat_->wait();
}

void ProgressTicker::tell(const std::string& step) const
{
    if (!beat_) return;
    beat_->step = step;
    beat_->tell(step);
}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a steady_timer cannot fail
ProgressTicker::~ProgressTicker()
{
    if (!beat_) return;
    beat_->caller = nullptr;
    beat_->timer.cancel();
}

}  // namespace tailops::service
