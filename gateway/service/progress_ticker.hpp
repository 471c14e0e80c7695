#pragma once

#include "gateway/service/caller.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace tailops::service {

/// Tells a caller that asked for progress, every `interval`, that its call goes on, for how long,
/// and under which id get_run finds it. Lives as long as the call and within its strand; `caller`
/// outlives it. Costs nothing where nobody asked.
class ProgressTicker {
public:
    ProgressTicker(boost::asio::any_io_executor strand,
                   Caller& caller,
                   std::chrono::milliseconds interval);
    ProgressTicker(const ProgressTicker&) = delete;
    ProgressTicker& operator=(const ProgressTicker&) = delete;
    ~ProgressTicker();

    /// Tells of a step that begins, at once.
    void tell(const std::string& step) const;

private:
    struct Beat;
    std::shared_ptr<Beat> beat_;  // null: nobody asked
};

}  // namespace tailops::service
