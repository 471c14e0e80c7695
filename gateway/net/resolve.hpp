#pragma once

#include "gateway/async/awaitable.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <utility>
#include <vector>

namespace tailops::net {

struct Resolved {
    boost::system::error_code error;
    std::vector<boost::asio::ip::tcp::endpoint> addresses;
};

/// The addresses of `host`; an address in text form is taken as it is.
///
/// Runs on the caller's executor. Cancelling returns at once, although getaddrinfo itself cannot be
/// interrupted: it is left to end by itself.
Task<Resolved> resolve(std::string host, std::uint16_t port);

}  // namespace tailops::net
