#include "targets/ssh/host_scan.hpp"

#include "tests/support/hidden_sshd.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;

/// Two servers, the second of which only the first can reach, and what the gateway knows of them:
/// the gate's key is trusted, the inner host's is not.
struct JumpRig {
    testing::HiddenSshServer inner_server;
    testing::GateSshServer gate_server{inner_server};
    Rig gate{gate_server, "gate"};
    Rig inner{inner_server, "inner"};

    JumpRig()
    {
        std::filesystem::remove(inner.setup.known_hosts_file);
        inner.setup.connection.jump = TargetId{"gate"};
    }

    /// What `ask` answers for the executor of the inner host.
    template <class T, class Ask>
    Result<T> with_inner(Ask ask)
    {
        return testing::run([&](Runtime& runtime) -> Task<Result<T>> {
            const auto through = gate.make(runtime);
            inner.setup.credentials.jump = [&](const TargetId&) { return through; };
            const auto executor = inner.make(runtime);
            auto answer = co_await ask(executor);
            inner.setup.credentials.jump = nullptr;
            co_return answer;
        });
    }
    Result<ScannedHostKey> scan(std::chrono::milliseconds patience = 60s)
    {
        return with_inner<ScannedHostKey>([patience](std::shared_ptr<SshExecutor> executor) {
            return executor->scan_host_key(after(patience));
        });
    }
    Result<ExecutionResult> probe()
    {
        return with_inner<ExecutionResult>([](std::shared_ptr<SshExecutor> executor) {
            return executor->run(testing::any_permit(TargetId{"inner"}), Operation{Probe{}});
        });
    }
};

void expect_refusal(const Result<ScannedHostKey>& scanned, Errc code, const std::string& words)
{
    ASSERT_FALSE(scanned) << "it showed " << scanned->line;
    EXPECT_EQ(to_string(scanned.error().code()), to_string(code)) << scanned.error().describe();
    EXPECT_THAT(scanned.error().public_message(), ::testing::HasSubstr(words));
}

/// Callers are told of the target they may see; the jump host's name and fault are for operators.
void expect_refusal_on_the_way(const Result<ScannedHostKey>& scanned,
                               Errc code,
                               const std::string& words,
                               const std::string& detail)
{
    expect_refusal(scanned, code, "the jump host of target \"inner\" " + words);
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().public_message().find("gate"), std::string::npos);
    EXPECT_THAT(scanned.error().detail(), ::testing::HasSubstr(detail));
}

TEST(SshHostScan, FetchesAKeyThroughTheJumpHost)
{
    JumpRig rig;
    expect_error(probe_once(Rig{rig.inner_server, "inner"}), Errc::unreachable,
                 "connection refused");
    expect_error(rig.probe(), Errc::unauthorized_there,
                 "the SSH host key of \"inner\" is not known");

    const auto scanned = rig.scan();
    ASSERT_TRUE(scanned) << why(scanned);
    const auto key = parse_host_key(rig.inner_server.host_key()).value();
    EXPECT_EQ(scanned->fingerprint, key.fingerprint());
    EXPECT_EQ(scanned->line,
              "[127.0.0.1]:" + std::to_string(rig.inner_server.port()) + ' ' + key.text());
    EXPECT_EQ(rig.inner_server.log().find("Accepted"), std::string::npos);

    ASSERT_TRUE(
        trust(rig.inner.setup.known_hosts_file, "127.0.0.1", rig.inner_server.port(), *scanned));
    EXPECT_EQ(why(rig.probe()), "");
}

TEST(SshHostScan, DoesNotGoThroughAJumpHostWhoseKeyIsUnknown)
{
    JumpRig rig;
    std::filesystem::remove(rig.gate.setup.known_hosts_file);
    expect_refusal_on_the_way(
        rig.scan(), Errc::unauthorized_there, "refuses our login, or is not the host that is known",
        "the SSH host key of \"gate\" is not known; run `tailops targets trust gate`");
}

TEST(SshHostScan, DoesNotGoThroughAJumpHostWhoseKeyChanged)
{
    JumpRig rig;
    rig.gate_server.restart_with_new_host_key();
    expect_refusal_on_the_way(rig.scan(), Errc::unauthorized_there,
                              "refuses our login, or is not the host that is known",
                              "the SSH host key of \"gate\" changed");
    EXPECT_EQ(rig.gate_server.log().find("Accepted"), std::string::npos);
}

TEST(SshHostScan, SaysWhenTheJumpHostRefusesOurKey)
{
    JumpRig rig;
    rig.gate.setup.connection.key_path = rig.gate_server.make_other_key("stranger");
    expect_refusal_on_the_way(rig.scan(), Errc::unauthorized_there,
                              "refuses our login, or is not the host that is known",
                              "target \"gate\" refused our SSH key");
}

TEST(SshHostScan, SaysWhenTheJumpHostIsDown)
{
    JumpRig rig;
    rig.gate_server.kill_all();
    expect_refusal_on_the_way(rig.scan(), Errc::unreachable,
                              "cannot be reached, or could not connect to the target",
                              "target \"gate\" is unreachable: connection refused");
}

TEST(SshHostScan, SaysWhenTheHostBehindTheJumpHostIsDown)
{
    JumpRig rig;
    rig.inner.setup.connection.port = testing::free_port();
    expect_refusal_on_the_way(rig.scan(), Errc::unreachable,
                              "cannot be reached, or could not connect to the target",
                              "the jump host \"gate\" could not connect to the target");
}

TEST(SshHostScan, GivesUpWhenTheHostBehindTheJumpHostIsSilent)
{
    JumpRig rig;
    rig.inner_server.wedge();
    expect_refusal(rig.scan(5s), Errc::deadline_exceeded, "did not answer in time");
    rig.inner_server.unwedge();
}

}  // namespace
}  // namespace tailops::targets::ssh
