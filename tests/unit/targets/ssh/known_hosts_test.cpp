#include "targets/ssh/known_hosts.hpp"

#include "tests/unit/targets/ssh/rig.hpp"

#include <sys/stat.h>

namespace tailops::targets::ssh {
namespace {

// Made once with ssh-keygen; what `ssh-keygen -lf` says of them stands beside.
const std::string ed25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGySK9guivWTiVCprZ4hX4TshbtqhBdrWe8UWCNpHzgC";
const std::string ed25519_fingerprint = "SHA256:jEUkZB9JGxoR9vwC83ZKd20r31W0VNS78vE5oxb+n8c";
const std::string other =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOvy5BmsNB4vJuXmZh01rLCo/9H0h2B3lI/vtb5gAv2a";

HostKey key(const std::string& text)
{
    return parse_host_key(text).value();
}

TEST(SshKnownHosts, FingerprintsAsOpenSshDoes)
{
    EXPECT_EQ(key(ed25519).fingerprint(), ed25519_fingerprint);
}

TEST(SshKnownHosts, ReadsAKeyWithAComment)
{
    EXPECT_EQ(key(ed25519 + " root@db-02\n"), key(ed25519));
}

TEST(SshKnownHosts, RefusesWhatIsNoKey)
{
    for (const std::string text :
         {"", "ssh-ed25519", "ssh-ed25519 !!!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0",
          "ssh-ed25519 AAAA"}) {
        EXPECT_FALSE(parse_host_key(text)) << text;
    }
}

TEST(SshKnownHosts, NamesAHostWithAnotherPortInBrackets)
{
    EXPECT_EQ(host_pattern("DB-02.example", 22), "db-02.example");
    EXPECT_EQ(host_pattern("db-02", 2222), "[db-02]:2222");
    EXPECT_EQ(host_pattern("fd00::1", 2222), "[fd00::1]:2222");
}

struct Case {
    std::string name;
    std::string file;
    std::uint16_t port;
    Trust trust;
};

void PrintTo(const Case& row, std::ostream* out)
{
    *out << row.name;
}

class SshKnownHostsFile : public ::testing::TestWithParam<Case> {};

TEST_P(SshKnownHostsFile, DecidesWhetherAKeyIsKnown)
{
    const auto& [name, file, port, trust] = GetParam();
    EXPECT_EQ(KnownHosts::parse(file).trust("db-02", port, key(ed25519)), trust);
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    SshKnownHostsFile,
    ::testing::Values(
        Case{"empty", "", 22, Trust::unknown},
        Case{"the_key", "db-02 " + ed25519 + "\n", 22, Trust::known},
        Case{"another_key", "db-02 " + other + "\n", 22, Trust::changed},
        Case{"both_keys", "db-02 " + other + "\ndb-02 " + ed25519 + "\n", 22, Trust::known},
        Case{"another_host", "db-03 " + ed25519 + "\n", 22, Trust::unknown},
        Case{"one_of_several_names", "db-01,DB-02,10.0.0.2 " + ed25519 + "\n", 22, Trust::known},
        Case{"the_start_of_a_name", "db-02.example " + ed25519 + "\n", 22, Trust::unknown},
        Case{"known_for_another_port", "[db-02]:2222 " + ed25519 + "\n", 22, Trust::unknown},
        Case{"known_for_this_port", "[db-02]:2222 " + ed25519 + "\n", 2222, Trust::known},
        Case{"the_default_port_is_another", "db-02 " + ed25519 + "\n", 2222, Trust::unknown},
        Case{"a_comment", "# db-02 " + ed25519 + "\n", 22, Trust::unknown},
        Case{"a_wildcard_is_not_followed", "db-* " + ed25519 + "\n", 22, Trust::unknown},
        Case{"a_certificate_authority_is_not_a_key", "@cert-authority db-02 " + ed25519 + "\n", 22,
             Trust::unknown},
        Case{"revoked_beats_known", "db-02 " + ed25519 + "\n@revoked * " + ed25519 + "\n", 22,
             Trust::revoked},
        Case{"a_line_that_is_garbage", "db-02\n\x01\ndb-02 ssh-ed25519 x\ndb-02 " + ed25519 + "\n",
             22, Trust::known},
        // printf 'db-02 ssh-ed25519 …' > f; ssh-keygen -H -f f
        Case{"a_hashed_name",
             "|1|KFBkpSieocj5Tm/9Et7YNbnMdag=|ZuBOBNS1giDjlvEmMwkqOCaoEtM= " + ed25519 + "\n", 22,
             Trust::known}),
    [](const auto& row) { return row.param.name; });

TEST(SshKnownHosts, TrustsTheScannedKeyOfAServerUntilItChanges)
{
    OpenSshServer server;
    const Rig rig{server};
    const auto& file = rig.setup.known_hosts_file;
    std::filesystem::remove(file);
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "the SSH host key of \"web-01\" is not known; run `tailops targets trust web-01`");

    const auto scan = [&] {
        return testing::run([&](Runtime& runtime) -> Task<Result<ScannedHostKey>> {
            const auto executor = rig.make(runtime);
            co_return co_await executor->scan_host_key(after(std::chrono::seconds{60}));
        });
    };
    const auto scanned = scan();
    ASSERT_TRUE(scanned) << why(scanned);
    EXPECT_EQ(scanned->type, "ssh-ed25519");
    EXPECT_EQ(scanned->fingerprint, key(server.host_key()).fingerprint());
    EXPECT_EQ(scanned->line,
              "[127.0.0.1]:" + std::to_string(server.port()) + ' ' + key(server.host_key()).text());
    ASSERT_TRUE(trust(file, "127.0.0.1", server.port(), *scanned));
    EXPECT_EQ(why(probe_once(rig)), "");

    server.restart_with_new_host_key();
    expect_error(probe_once(rig), Errc::unauthorized_there,
                 "the SSH host key of \"web-01\" changed; confirm it and run "
                 "`tailops targets trust web-01`");
    const auto again = scan();
    ASSERT_TRUE(again) << why(again);
    EXPECT_NE(again->fingerprint, scanned->fingerprint);
    ASSERT_TRUE(trust(file, "127.0.0.1", server.port(), *again));
    EXPECT_EQ(why(probe_once(rig)), "");
    EXPECT_EQ(testing::read_text(file), again->line + '\n');
}

TEST(SshKnownHosts, ReplacesOneHostAndLeavesTheRest)
{
    const testing::TemporaryDirectory directory;
    const auto file = directory.write(
        "known_hosts", "# mine\ndb-01 " + other + "\ndb-02,10.0.0.2 " + other +
                           "\n@revoked db-02 " + other + "\n[db-02]:2222 " + other + "\n");
    ASSERT_TRUE(trust_host_key(file, "db-02", 22, key(ed25519)));
    EXPECT_EQ(testing::read_text(file), "# mine\ndb-01 " + other + "\n10.0.0.2 " + other +
                                            "\n@revoked db-02 " + other + "\n[db-02]:2222 " +
                                            other + "\ndb-02 " + ed25519 + "\n");
    struct stat info{};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(SshKnownHosts, SaysWhenItCannotBeWritten)
{
    const testing::TemporaryDirectory directory;
    EXPECT_FALSE(trust_host_key(directory.file("none/known_hosts"), "db-02", 22, key(ed25519)));
}

}  // namespace
}  // namespace tailops::targets::ssh
