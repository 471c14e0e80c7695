#pragma once

#include "gateway/net/lookups.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace tailops::net {

/// Which address of a server answered last. Bounded; safe from any thread.
class AddressMemory {
public:
    std::optional<boost::asio::ip::address> of(const std::string& host, std::uint16_t port) const;
    void worked(const std::string& host,
                std::uint16_t port,
                const boost::asio::ip::address& address);
    void failed(const std::string& host,
                std::uint16_t port,
                const boost::asio::ip::address& address);

private:
    using Server = std::pair<std::string, std::uint16_t>;
    mutable std::mutex mutex_;
    std::map<Server, boost::asio::ip::address> known_;  // guarded by mutex_
};

/// What all connections of one io_context know of names: an Asio service, as its own resolver is,
/// which lives and ends with the io_context.
class Names final : public boost::asio::execution_context::service {
public:
    using key_type = Names;
    static inline boost::asio::execution_context::id id;
    explicit Names(boost::asio::execution_context& context) : service{context} {}

    Lookups lookups;
    AddressMemory memory;

private:
    void shutdown() override { lookups.close(); }
};

/// Those of the io_context that `executor` runs on.
Names& names_of(const boost::asio::any_io_executor& executor);

}  // namespace tailops::net
