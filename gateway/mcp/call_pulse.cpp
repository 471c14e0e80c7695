#include "gateway/mcp/call_pulse.hpp"

#include <utility>

namespace tailops::mcp {

struct CallPulse::Beat : std::enable_shared_from_this<Beat> {
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

    void tell()
    {
        using std::chrono::duration;
        const duration<double> spent = std::chrono::steady_clock::now() - begun;
        const auto seconds = static_cast<std::int64_t>(spent.count());
        caller->progress({.done = spent.count(),
                          .total = {},
                          .message = "run " + caller->request().str() + " goes on, " +
                                     std::to_string(seconds) + " s so far"});
        wait();
    }

    boost::asio::steady_timer timer;
    Caller* caller;  // null: the call is over
    const std::chrono::milliseconds interval;
    const std::chrono::steady_clock::time_point begun{std::chrono::steady_clock::now()};
};

CallPulse::CallPulse(boost::asio::any_io_executor strand,
                     Caller& caller,
                     std::chrono::milliseconds interval)
{
    if (!caller.wants_progress()) return;
    beat_ = std::make_shared<Beat>(strand, caller, interval);
    beat_->wait();
}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a steady_timer cannot fail
CallPulse::~CallPulse()
{
    if (!beat_) return;
    beat_->caller = nullptr;
    beat_->timer.cancel();
}

}  // namespace tailops::mcp
