#include "gateway/net/names.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

// One per configured server; the bound is against names that come from elsewhere.
constexpr std::size_t servers_max = 1024;

}  // namespace

std::optional<asio::ip::address> AddressMemory::of(const std::string& host,
                                                   std::uint16_t port) const
{
    const std::scoped_lock lock{mutex_};
    const auto at = known_.find({host, port});
    if (at == known_.end()) return std::nullopt;
    return at->second;
}

void AddressMemory::worked(const std::string& host,
                           std::uint16_t port,
                           const asio::ip::address& address)
{
    const std::scoped_lock lock{mutex_};
    if (known_.size() >= servers_max) known_.clear();
    known_.insert_or_assign({host, port}, address);
}

void AddressMemory::failed(const std::string& host,
                           std::uint16_t port,
                           const asio::ip::address& address)
{
    const std::scoped_lock lock{mutex_};
    const auto at = known_.find({host, port});
    if (at != known_.end() && at->second == address) known_.erase(at);
}

Names& names_of(const asio::any_io_executor& executor)
{
    return asio::use_service<Names>(asio::query(executor, asio::execution::context));
}

}  // namespace tailops::net
