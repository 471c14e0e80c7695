#include "gateway/net/connect.hpp"

#include "gateway/async/deadline.hpp"
#include "gateway/net/names.hpp"
#include "tests/support/run.hpp"
#include "tests/support/silent_listener.hpp"

#include <gtest/gtest.h>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using testing::run;

std::vector<asio::ip::address> addresses(std::initializer_list<const char*> texts)
{
    std::vector<asio::ip::address> out;
    for (const auto* text : texts) out.push_back(asio::ip::make_address(text));
    return out;
}

TEST(AttemptOrder, TakesTheFamiliesByTurnsAndTheOneThatWorkedFirst)
{
    EXPECT_EQ(
        attempt_order(addresses({"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"}), {}),
        addresses({"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"}));
    EXPECT_EQ(attempt_order(addresses({"192.0.2.1", "192.0.2.2", "2001:db8::1"}), {}),
              addresses({"192.0.2.1", "2001:db8::1", "192.0.2.2"}));
    EXPECT_EQ(attempt_order(addresses({"2001:db8::1", "2001:db8::2", "192.0.2.1"}),
                            asio::ip::make_address("192.0.2.1")),
              addresses({"192.0.2.1", "2001:db8::1", "2001:db8::2"}));
    // What worked once and is not the server's any more is no address of it.
    EXPECT_EQ(attempt_order(addresses({"192.0.2.1"}), asio::ip::make_address("192.0.2.9")),
              addresses({"192.0.2.1"}));
    EXPECT_EQ(attempt_order({}, {}), addresses({}));
    std::vector<asio::ip::address> many(100, asio::ip::make_address("192.0.2.1"));
    EXPECT_EQ(attempt_order(many, {}).size(), 16U);
}

Task<Result<Connected>> connected(std::string host, std::uint16_t port)
{
    co_return co_await connect_tcp(std::move(host), port);
}

TEST(ConnectTcp, SaysWhetherTheNameOrTheAddressFailed)
{
    asio::io_context io;
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    const auto port = acceptor.local_endpoint().port();
    run([&](Runtime&) -> Task<void> {
        auto good = co_await connect_tcp("127.0.0.1", port);
        EXPECT_TRUE(good.has_value());
        tcp::no_delay without;
        if (good) good->get_option(without);
        EXPECT_TRUE(without.value());
        acceptor.close();
        auto refused = co_await connect_tcp("127.0.0.1", port);
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error().at, ConnectFailure::At::address);
        EXPECT_EQ(refused.error().error, asio::error::connection_refused);
        auto unknown = co_await connect_tcp("no such name.invalid", port);
        EXPECT_FALSE(unknown);
        EXPECT_EQ(unknown.error().at, ConnectFailure::At::name);
    });
}

TEST(ConnectTcp, GoesOnAtOnceFromAnAddressThatRefuses)
{
    // "localhost" may be ::1 and 127.0.0.1; only the latter listens.
    asio::io_context io;
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    run([&](Runtime&) -> Task<void> {
        auto good = co_await connect_tcp("localhost", acceptor.local_endpoint().port());
        EXPECT_TRUE(good.has_value());
    });
}

TEST(ConnectTcp, LeavesASilentAddressAtItsDeadline)
{
    const testing::SilentListener silent;
    run([&](Runtime&) -> Task<void> {
        const auto start = std::chrono::steady_clock::now();
        auto late =
            co_await with_deadline<Connected>(after(50ms), connected("127.0.0.1", silent.port()));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
        EXPECT_FALSE(late && late->has_value());
    });
}

TEST(AddressMemory, KnowsWhatAnsweredLastUntilItFails)
{
    AddressMemory memory;
    const auto one = asio::ip::make_address("192.0.2.1");
    const auto other = asio::ip::make_address("192.0.2.2");
    EXPECT_FALSE(memory.of("a", 1));
    memory.worked("a", 1, one);
    EXPECT_EQ(memory.of("a", 1), one);
    EXPECT_FALSE(memory.of("a", 2));
    memory.failed("a", 1, other);
    EXPECT_EQ(memory.of("a", 1), one);
    memory.failed("a", 1, one);
    EXPECT_FALSE(memory.of("a", 1));
    for (std::uint16_t port = 0; port < 5000; ++port) memory.worked("b", port, one);
    EXPECT_EQ(memory.of("b", 4999), one);
}

}  // namespace
}  // namespace tailops::net
