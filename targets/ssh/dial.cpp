#include "targets/ssh/dial.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <vector>

namespace tailops::targets::ssh {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// With further addresses to try, a silent one is given up after this long (RFC 8305 would overlap
// them).
constexpr std::chrono::seconds one_address_max{3};

Task<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port)
{
    boost::system::error_code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return std::vector{tcp::endpoint{address, port}};

    tcp::resolver resolver{co_await asio::this_coro::executor};
    const auto [failed, found] =
        co_await resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                        asio::as_tuple(asio::use_awaitable));
    if (failed) co_return fail(Errc::unreachable, failed.message());
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    co_return endpoints;
}

Task<Result<Socket>> connect(tcp::endpoint endpoint)
{
    tcp::socket socket{co_await asio::this_coro::executor};
    const auto [failed] =
        co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return fail(Errc::unreachable, failed.message());
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    co_return Socket{std::move(socket)};
}

}  // namespace

Task<Result<Socket>> dial_tcp(std::string target,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline)
{
    const auto where = host + " port " + std::to_string(port);
    auto endpoints = co_await with_deadline(deadline, resolve(host, port));
    if (!endpoints) {
        co_return fail(Error{endpoints.error().code(),
                             "the host name of target " + quote(target) + " was not found"}
                           .with_detail(where)
                           .because(std::move(endpoints).error()));
    }
    Error last{Errc::unreachable, "it has no address"};
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
        const bool is_last = i + 1 == endpoints->size();
        const auto limit = is_last ? deadline : std::min(deadline, after(one_address_max));
        auto connected = co_await with_deadline(limit, connect((*endpoints)[i]));
        if (connected) co_return connected;
        last = std::move(connected).error();
    }
    const auto code = last.code();
    co_return fail(Error{code, "target " + quote(target) +
                                   (code == Errc::deadline_exceeded
                                        ? " did not answer in time"
                                        : " is unreachable: " + lower_ascii(last.public_message()))}
                       .with_detail(where));
}

}  // namespace tailops::targets::ssh
