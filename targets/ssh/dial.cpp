#include "targets/ssh/dial.hpp"

#include "gateway/core/text.hpp"
#include "gateway/net/connect.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace tailops::targets::ssh {

namespace {

using At = net::ConnectFailure::At;

Error failure_of(const net::ConnectFailure& failure, const std::string& target)
{
    if (failure.error == boost::asio::error::operation_aborted) {
        return Error{Errc::cancelled, "the caller went away"};
    }
    const auto why = failure.error.message();
    if (net::is_our_shortage(failure.error)) return net::our_shortage(failure.error);
    if (failure.at == At::address) {
        return Error{Errc::unreachable,
                     "target " + quote(target) + " is unreachable: " + lower_ascii(why)};
    }
    return Error{Errc::unreachable, "the host name of target " + quote(target) + " was not found"}
        .because(Error{Errc::unreachable, why});
}

Task<Result<Socket>> connect(std::string target, std::string host, std::uint16_t port)
{
    auto connected = co_await net::connect_tcp(std::move(host), port);
    if (!connected) co_return fail(failure_of(connected.error(), target));
    co_return Socket{*std::move(connected)};
}

}  // namespace

Task<Result<Socket>> dial_tcp(std::string target,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline)
{
    auto connected = co_await with_deadline(deadline, connect(target, host, port));
    if (connected) co_return connected;
    auto error = std::move(connected).error();
    if (error.code() == Errc::deadline_exceeded) {
        error =
            Error{Errc::deadline_exceeded, "target " + quote(target) + " did not answer in time"};
    }
    co_return fail(std::move(error).with_detail(host + " port " + std::to_string(port)));
}

}  // namespace tailops::targets::ssh
