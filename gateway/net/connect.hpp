#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/core/error.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace tailops::net {

/// What kept connect_tcp from a connection.
struct ConnectFailure {
    enum class At { name, address };
    At at{At::address};
    boost::system::error_code error{};
};

/// Whether a connection failed because this machine lacks something, not because of the other side;
/// and what is said then (Errc::unavailable).
bool is_our_shortage(const boost::system::error_code& error);
Error our_shortage(const boost::system::error_code& error);

/// Opens a TCP connection to `host`, a name or an address, with Nagle's algorithm off (it costs 40
/// ms per exchange).
///
/// Addresses are tried as RFC 8305 has it: a further one a quarter of a second after the one
/// before, or as soon as that has failed, while the earlier go on; the first that stands is taken.
/// So an address that is silent, such as the IPv6 one of a broken network, costs a quarter of a
/// second and only the first time: what answered last is tried first.
///
/// Runs on the caller's executor, a strand or a single thread. No deadline of its own. Cancelling
/// returns at once, with operation_aborted.
using Connected = std::expected<boost::asio::ip::tcp::socket, ConnectFailure>;
Task<Connected> connect_tcp(std::string host, std::uint16_t port);

/// The order in which `addresses` are tried: `worked` first if it is among them, then the families
/// by turns, each in the order given. No more than sixteen. Pure.
std::vector<boost::asio::ip::address> attempt_order(
    const std::vector<boost::asio::ip::address>& addresses,
    const std::optional<boost::asio::ip::address>& worked);

}  // namespace tailops::net
