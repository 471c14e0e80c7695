#include "gateway/net/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

using Resolver = asio::ip::tcp::resolver;

/// A lookup under way. Shared with its completion handler, because the one who waits may leave
/// first; both run on the waiter's executor.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& home)
        : resolver{home},
          done{home, asio::steady_timer::time_point::max()}
    {
    }
    Resolver resolver;
    asio::steady_timer done;  // cancelled when the answer is in
    bool answered{false};
    Resolved answer;
};

}  // namespace

Task<Resolved> resolve(std::string host, std::uint16_t port)
{
    boost::system::error_code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return Resolved{{}, {{address, port}}};

    const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
    lookup->resolver.async_resolve(
        host, std::to_string(port), Resolver::numeric_service,
        [lookup](const boost::system::error_code& error, const Resolver::results_type& results) {
            lookup->answered = true;
            lookup->answer.error = error;
            for (const auto& entry : results) lookup->answer.addresses.push_back(entry.endpoint());
            lookup->done.cancel();
        });
    co_await lookup->done.async_wait(asio::as_tuple(asio::use_awaitable));
    if (lookup->answered) co_return std::move(lookup->answer);
    lookup->resolver.cancel();
    co_return Resolved{asio::error::operation_aborted, {}};
}

}  // namespace tailops::net
