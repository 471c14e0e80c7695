#include "targets/ssh/login.hpp"

#include "tests/unit/targets/ssh/rig.hpp"

namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;

TEST(SshLogin, LetsAKnownHostAndAKnownKeyThrough)
{
    const OpenSshServer server;
    EXPECT_EQ(why(probe_once(Rig{server})), "");
}

TEST(SshLogin, LetsItselfBeProbedByDropbear)
{
    const testing::DropbearServer server;
    EXPECT_EQ(why(probe_once(Rig{server})), "");
}

TEST(SshLogin, PrefersThePinnedHostKeyToTheKnownOnes)
{
    const OpenSshServer server;
    const OpenSshServer another;
    Rig rig{server};
    std::filesystem::remove(rig.setup.known_hosts_file);
    rig.setup.connection.host_key = server.host_key();
    EXPECT_EQ(why(probe_once(rig)), "");

    rig.trust(server);
    rig.setup.connection.host_key = another.host_key();
    expect_error(probe_once(rig), Errc::unauthorized_there, "is not the one configured");
}

TEST(SshLogin, AsksForTheKindOfHostKeyThatIsKnown)
{
    const testing::TemporaryDirectory keys;
    testing::run_program(
        {"ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", keys.file("rsa")});
    const OpenSshServer server{"HostKey " + keys.file("rsa")};
    const Rig rig{server};
    const auto rsa = parse_host_key(testing::read_text(keys.file("rsa.pub"))).value();
    ASSERT_TRUE(trust_host_key(rig.setup.known_hosts_file, "127.0.0.1", server.port(), rsa));
    EXPECT_EQ(why(probe_once(rig)), "");
}

TEST(SshLogin, TellsARefusedKeyFromAnUnreachableTarget)
{
    OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.key_path = server.make_other_key("stranger");
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "target \"web-01\" refused our SSH key");

    rig.setup.connection.key_path = server.user_key();
    rig.setup.connection.port = testing::free_port();
    expect_error(probe_once(rig), Errc::unreachable,
                 "target \"web-01\" is unreachable: connection refused");
}

TEST(SshLogin, RefusesAUserThatIsNotThere)
{
    const OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.username = "nobody-of-that-name";
    expect_error(probe_once(rig), Errc::unauthorized_there, "refused our SSH key");
}

TEST(SshLogin, SaysWhenANameDoesNotResolve)
{
    const OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.host = "no-such-host.invalid";
    expect_error(probe_once(rig), Errc::unreachable, "the host name of target");
}

TEST(SshLogin, SaysWhenTheOtherSideDoesNotTalkSsh)
{
    OpenSshServer server{"Banner none"};
    Rig rig{server};
    rig.setup.connection.connect_timeout = 2s;
    // A listener that accepts and says nothing: the kernel does it for a stopped server.
    server.wedge();
    expect_error(probe_once(rig, within(500ms)), Errc::deadline_exceeded, "did not answer in time");
    server.unwedge();
}

TEST(SshLogin, OpensAnEncryptedKeyWithItsPassphrase)
{
    OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.key_path = server.make_other_key("encrypted", "correct horse");
    server.authorize(rig.setup.connection.key_path);
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "is encrypted and no passphrase is configured");

    rig.setup.credentials.passphrase = []() -> Result<Secret> { return Secret{"wrong"}; };
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "does not open with the configured passphrase");

    rig.setup.credentials.passphrase = []() -> Result<Secret> { return Secret{"correct horse"}; };
    EXPECT_EQ(why(probe_once(rig)), "");
}

TEST(SshLogin, TakesTheTextOfAKeyInstead)
{
    const OpenSshServer server;
    Rig rig{server};
    auto text = testing::read_text(server.user_key());
    while (text.ends_with('\n')) text.pop_back();  // as credential references are resolved
    rig.setup.connection.key_path.clear();
    rig.setup.credentials.key = [text]() -> Result<Secret> { return Secret{text}; };
    EXPECT_EQ(why(probe_once(rig)), "");

    rig.setup.credentials.key = []() -> Result<Secret> { return Secret{"not a key"}; };
    expect_error(probe_once(rig), Errc::unauthorized_there, "is not a private key");
}

struct KeyFormat {
    std::string name;
    std::vector<std::string> arguments;
};
void PrintTo(const KeyFormat& row, std::ostream* out)
{
    *out << row.name;
}

class SshKeyFormat : public ::testing::TestWithParam<KeyFormat> {};

TEST_P(SshKeyFormat, LogsIn)
{
    const OpenSshServer server;
    Rig rig{server};
    const auto file = rig.directory.file("key");
    auto argv = GetParam().arguments;
    argv.insert(argv.begin(), {"ssh-keygen", "-q", "-N", "", "-f", file});
    testing::run_program(argv);
    server.authorize(file);
    rig.setup.connection.key_path = file;
    EXPECT_EQ(why(probe_once(rig)), "");
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    SshKeyFormat,
    ::testing::Values(KeyFormat{"ed25519", {"-t", "ed25519"}},
                      KeyFormat{"rsa", {"-t", "rsa", "-b", "2048"}},
                      KeyFormat{"ecdsa", {"-t", "ecdsa"}},
                      KeyFormat{"rsa_pem", {"-t", "rsa", "-b", "2048", "-m", "PEM"}},
                      KeyFormat{"ecdsa_pkcs8", {"-t", "ecdsa", "-m", "PKCS8"}}),
    [](const auto& row) { return row.param.name; });

TEST(SshLogin, RefusesAKeyThatOthersCanRead)
{
    const OpenSshServer server;
    const Rig rig{server};
    std::filesystem::permissions(server.user_key(), std::filesystem::perms{0644});
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "is readable by others; set its file's mode to 0600");
    std::filesystem::permissions(server.user_key(), std::filesystem::perms{0400});
    EXPECT_EQ(why(probe_once(rig)), "");
}

TEST(SshLogin, SaysWhichKeyIsMissing)
{
    const OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.key_path = rig.directory.file("none");
    const auto result = probe_once(rig);
    expect_error(result, Errc::unauthorized_there, "cannot be read");
    EXPECT_EQ(result.error().public_message().find(rig.directory.path()), std::string::npos);
    EXPECT_THAT(result.error().describe(), ::testing::HasSubstr(rig.setup.connection.key_path));
}

TEST(SshLogin, ShowsTheCertificateBesideTheKey)
{
    OpenSshServer server;
    Rig rig{server};
    rig.setup.connection.key_path = server.make_certified_key();
    EXPECT_EQ(why(probe_once(rig)), "");

    std::filesystem::remove(rig.setup.connection.key_path + "-cert.pub");
    expect_error(probe_once(rig), Errc::unauthorized_there, "refused our SSH key");
}

TEST(SshLogin, UsesTheBareKeyWhenItsCertificateIsRefused)
{
    OpenSshServer server;
    Rig rig{server};
    const auto key = server.make_other_key("both");
    testing::run_program({"ssh-keygen", "-q", "-s", server.user_key(), "-I", "another-ca", "-n",
                          rig.setup.connection.username, key + ".pub"});
    server.authorize(key);
    rig.setup.connection.key_path = key;
    EXPECT_EQ(why(probe_once(rig)), "");
}

TEST(SshLogin, IgnoresTheConfigurationOfTheDaemonsUser)
{
    // With a config that sends every host elsewhere, OpenSSH's client would not get here.
    const OpenSshServer server;
    const Rig rig{server};
    const testing::TemporaryDirectory home;
    std::filesystem::create_directories(home.file(".ssh"));
    const auto config = home.write(".ssh/config", "Host *\n  Port 1\n  Ciphers none\n");
    ::setenv("HOME", home.path().c_str(), 1);
    EXPECT_EQ(why(probe_once(rig)), "");
    ::unsetenv("HOME");
}

}  // namespace
}  // namespace tailops::targets::ssh
