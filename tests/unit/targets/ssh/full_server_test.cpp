#include "tests/support/scripted_server.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>

#include <array>
#include <deque>
#include <string_view>

namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;

/// Connections of somebody who does not log in: as many as the server has room for.
class Squatters {
public:
    /// Whether one more was let in. Throws when the server cannot be reached.
    bool let_in(std::uint16_t port)
    {
        auto& one = sockets_.emplace_back(io_);
        one.connect({asio::ip::address_v4::loopback(), port});
        std::array<char, 4> greeting{};
        boost::system::error_code closed;
        asio::read(one, asio::buffer(greeting), closed);
        return !closed && std::string_view{greeting.data(), greeting.size()} == "SSH-";
    }
    void leave() { sockets_.clear(); }

private:
    asio::io_context io_;
    std::deque<asio::ip::tcp::socket> sockets_;
};

TEST(FullServer, IsToldApartFromAConnectionThatWasLost)
{
    const OpenSshServer server{"MaxStartups 1"};
    const Rig rig{server};
    Squatters squatters;
    // One is in, whoever may have had the place before, and nobody else is let in.
    ASSERT_TRUE(testing::eventually([&] { return squatters.let_in(server.port()); }));
    ASSERT_TRUE(testing::eventually([&] { return !squatters.let_in(server.port()); }));
    const auto result = run_once(rig, {"true"});
    expect_error(result, Errc::unreachable, "closed the connection before it talked SSH");
    expect_error(result, Errc::unreachable, "is full (MaxStartups)");
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().has_nothing_begun());
    squatters.leave();
    EXPECT_TRUE(testing::eventually([&] { return run_once(rig, {"true"}).has_value(); }));
}

TEST(FullServer, IsNotWhoSaysSomethingElseThanSsh)
{
    const OpenSshServer server;
    struct Row {
        std::string says;
        const char* told;
    };
    for (const auto& row : {Row{"Not allowed at this time\r\n", "is full (MaxStartups)"},
                            Row{"Exceeded MaxStartups\r\n", "is full (MaxStartups)"},
                            Row{"", "is full (MaxStartups)"},
                            Row{std::string(200'000, 'x'), "no greeting of an SSH server"}}) {
        testing::ScriptedServer fake{{[&](testing::Peer& peer) { peer.write(row.says); }}};
        Rig rig{server};
        rig.setup.connection.port = fake.port();
        const auto result = run_once(rig, {"true"});
        expect_error(result, Errc::unreachable, row.told);
    }
}

}  // namespace
}  // namespace tailops::targets::ssh
