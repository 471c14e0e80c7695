#include "gateway/net/resolve.hpp"

#include "gateway/net/names.hpp"

#include <boost/asio/this_coro.hpp>

namespace tailops::net {

Task<Found> resolve(std::string host)
{
    boost::system::error_code not_numeric;
    const auto address = boost::asio::ip::make_address(host, not_numeric);
    Found found;
    if (!not_numeric) {
        found.addresses.push_back(address);
        co_return found;
    }
    auto& names = names_of(co_await boost::asio::this_coro::executor);
    co_return co_await names.lookups.find(std::move(host));
}

}  // namespace tailops::net
