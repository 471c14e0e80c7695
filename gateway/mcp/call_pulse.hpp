#pragma once

#include "gateway/mcp/caller.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace tailops::mcp {

/// Tells a caller that asked for progress, every `interval`, that its call goes on, for how long,
/// and under which id get_run finds it. Lives as long as the call and within its strand; `caller`
/// outlives it. Costs nothing where nobody asked.
class CallPulse {
public:
    CallPulse(boost::asio::any_io_executor strand,
              Caller& caller,
              std::chrono::milliseconds interval);
    CallPulse(const CallPulse&) = delete;
    CallPulse& operator=(const CallPulse&) = delete;
    ~CallPulse();

    /// Tells of a step that begins, at once.
    void tell(const std::string& step) const;

private:
    struct Beat;
    std::shared_ptr<Beat> beat_;  // null: nobody asked
};

}  // namespace tailops::mcp
