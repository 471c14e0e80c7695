#pragma once

#include "gateway/net/wire.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace tailops::net {

/// Connections that wait for their next exchange. Bounded in number and age. Safe from any thread.
class ConnectionPool {
public:
    ConnectionPool(std::size_t idle_max, std::chrono::seconds idle_timeout);

    /// The one used last, if it is still quiet and young enough; null when there is none.
    std::unique_ptr<Wire> take();
    /// Keeps `wire`; closes the oldest when there are too many.
    void put(std::unique_ptr<Wire> wire);

private:
    struct Kept {
        std::unique_ptr<Wire> wire;
        std::chrono::steady_clock::time_point since;
    };
    std::size_t idle_max_;
    std::chrono::seconds idle_timeout_;
    std::mutex mutex_;
    std::vector<Kept> kept_;  // oldest first
};

}  // namespace tailops::net
