#include "targets/ssh/session.hpp"

#include "targets/ssh/dial.hpp"
#include "targets/ssh/key.hpp"
#include "targets/ssh/login.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::targets::ssh {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

int keepalives(const SshServer& server)
{
    const auto log = server.log();
    int count = 0;
    for (std::size_t at = 0; (at = log.find("rtype keepalive", at)) != std::string::npos; ++at) {
        ++count;
    }
    return count;
}

/// Logs in as `rig` says; nothing looks after the session.
Task<Result<std::shared_ptr<Session>>> connect(const Rig& rig)
{
    const auto& to = rig.setup.connection;
    const auto login =
        std::make_shared<const Login>(Login{"web-01", to, rig.setup.known_hosts_file});
    auto key = read_user_key("web-01", to.key_path, {});
    if (!key) co_return fail(std::move(key).error());
    const auto shared = std::make_shared<const UserKey>(*std::move(key));
    const Dial dial = [to](Deadline deadline) {
        return dial_tcp("web-01", to.host, to.port, deadline);
    };
    co_return co_await log_in(login, dial, shared, after(60s));
}

TEST(SshSession, AsksForASignOfLifeEachTimeThatTheLastWasAnswered)
{
    const OpenSshServer server{"LogLevel DEBUG1"};
    const Rig rig{server};
    testing::run([&](Runtime&) -> Task<void> {
        const auto connected = co_await connect(rig);
        EXPECT_TRUE(connected) << why(connected);
        if (!connected) co_return;
        const auto session = *connected;
        // What the server says of its own accord after a login has come before this is answered.
        EXPECT_TRUE(co_await try_channel(session, after(60s), Timing{}));
        asio::steady_timer pause{co_await asio::this_coro::executor};
        for (int asked = 1; asked <= 3; ++asked) {
            // Asking does nothing before the last answer has come; the server notes a question
            // before it answers.
            for (int i = 0; i < 12'000 && keepalives(server) < asked; ++i) {
                session->send_keepalive();
                pause.expires_after(5ms);
                co_await pause.async_wait(asio::use_awaitable);
            }
            EXPECT_EQ(keepalives(server), asked);
        }
        session->close(Error{Errc::cancelled, "the test is over"});
    });
}

TEST(SshSession, DoesNotAskAgainBeforeTheAnswer)
{
    const OpenSshServer server{"LogLevel DEBUG1"};
    const Rig rig{server};
    testing::run([&](Runtime&) -> Task<void> {
        const auto connected = co_await connect(rig);
        EXPECT_TRUE(connected) << why(connected);
        if (!connected) co_return;
        const auto session = *connected;
        EXPECT_TRUE(co_await try_channel(session, after(60s), Timing{}));
        server.wedge();
        for (int i = 0; i < 5; ++i) session->send_keepalive();
        const auto before = session->received();
        server.unwedge();
        asio::steady_timer pause{co_await asio::this_coro::executor};
        const auto is_answered = [&] {
            return keepalives(server) > 0 && session->received() != before;
        };
        for (int i = 0; i < 12'000 && !is_answered(); ++i) {
            pause.expires_after(5ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_EQ(keepalives(server), 1);
        session->close(Error{Errc::cancelled, "the test is over"});
    });
}

}  // namespace
}  // namespace tailops::targets::ssh
