#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tailops::net {

/// The addresses of a name, in the order of the system's preference (RFC 6724).
struct Found {
    boost::system::error_code error;
    std::vector<boost::asio::ip::address> addresses;
};

/// Asks the system's resolver. Blocks for as long as it pleases, half a minute with dead servers.
Found look_up(const std::string& name);

/// Looks names up on threads of its own, because getaddrinfo blocks and cannot be interrupted.
///
/// A name is asked for once at a time, whoever waits for it, so that one whose servers are silent
/// holds one thread and no other name. Threads are made as they are needed, up to a bound, and end
/// when there is nothing to do. One that is stuck when the process ends is left behind. Safe from
/// any thread.
class Lookups {
public:
    using LookUp = std::function<Found(const std::string& name)>;

    // A name takes a thread only while it is looked up: so many dead ones at once hold up others.
    static constexpr std::size_t usual_threads = 16;

    explicit Lookups(LookUp how = look_up, std::size_t threads_max = usual_threads);
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;
    ~Lookups();

    /// The addresses of `name`. Runs on the caller's executor. Cancelling returns at once, with
    /// operation_aborted; the lookup ends by itself. With too many names waiting it is "try again".
    Task<Found> find(std::string name);

    /// Nobody is told anything any more, although lookups may still run. Has to come before the
    /// io_context goes that those who wait run on; the destructor does it.
    void close() noexcept;

private:
    struct Core;
    std::shared_ptr<Core> core_;  // shared with the threads, which may outlive us
};

}  // namespace tailops::net
