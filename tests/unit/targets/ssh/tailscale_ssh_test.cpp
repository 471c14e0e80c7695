#include "targets/ssh/run_mark.hpp"
#include "tests/support/fake_tailscale_ssh.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

/// Servers that know us without a key, and do not signal. FakeTailscaleSsh stands for tailscaled.
namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;
using testing::FakeTailscaleSsh;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::runs_with_argument;

class TailscaleSsh : public ::testing::Test {
protected:
    TailscaleSsh()
    {
        rig.setup.connection.key_path.clear();
        rig.setup.connection.has_no_key = true;
        rig.setup.connection.username = "ops";
    }

    FakeTailscaleSsh server;
    Rig rig{server};
};

TEST_F(TailscaleSsh, LetsUsInWithoutAKey)
{
    const auto result =
        run_once(rig, {"sh", "-c", "cat; echo err >&2; exit 3"}, in_good_time(), "in");
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->status, 3);
    EXPECT_EQ(result->output, "in");
    EXPECT_EQ(result->diagnostics, "err\n");
}

TEST_F(TailscaleSsh, LeavesNothingRunningThoughItsServerDoesNotSignal)
{
    const auto mark = std::to_string(::getpid());
    const auto result = run_warm(rig, {"sh", "-c", "sleep 305." + mark + " & sleep 306." + mark},
                                 within(short_time));
    expect_error(result, Errc::deadline_exceeded, "did not finish in time; it was stopped");
    EXPECT_FALSE(runs_with_argument("305." + mark));
    EXPECT_FALSE(runs_with_argument("306." + mark));
}

TEST_F(TailscaleSsh, KillsWhatIgnoresTheRequestToEnd)
{
    const auto mark = "307." + std::to_string(::getpid());
    const auto result =
        run_warm(rig, {"sh", "-c", "trap '' TERM; exec sleep " + mark}, within(short_time));
    expect_error(result, Errc::deadline_exceeded, "it was stopped");
    EXPECT_FALSE(runs_with_argument(mark));
}

TEST_F(TailscaleSsh, SaysNoWithItsReason)
{
    rig.setup.connection.username = "denyme";
    const auto refused = probe_once(rig);
    expect_error(refused, Errc::unauthorized_there,
                 "target \"web-01\" did not let us in and said: \"tailnet policy does not permit "
                 "you to SSH  as user ");
    EXPECT_THAT(refused.error().public_message(), Not(HasSubstr("\x1b"))) << "shown, not obeyed";
}

TEST_F(TailscaleSsh, SaysWhatItWantsOfAPersonBeforehand)
{
    rig.setup.connection.username = "checkme";
    rig.setup.connection.connect_timeout = 10s;
    expect_error(probe_once(rig), Errc::unauthorized_there, "https://login.example/a/123");
}

TEST(SshWithoutKey, IsRefusedByAServerThatWantsOne)
{
    const testing::OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.key_path.clear();
    rig.setup.connection.has_no_key = true;
    expect_error(probe_once(rig), Errc::unauthorized_there, "lets nobody in without a key");
}

}  // namespace
}  // namespace tailops::targets::ssh
