#include "targets/kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tailops::targets {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> keys_of(Kind kind, const Connection& connection)
{
    std::vector<std::string> out;
    EXPECT_EQ(descriptor_of(connection).kind, kind);
    for (const auto& one : descriptor_of(kind).credentials(connection)) {
        out.push_back(one.key + " " + one.text + (one.user.empty() ? "" : " as " + one.user));
    }
    return out;
}

TEST(Kinds, StandInTheOrderOfTheirValuesUnderNamesOfTheirOwn)
{
    std::set<std::string_view> names;
    for (std::size_t at = 0; at < kinds().size(); ++at) {
        EXPECT_EQ(kinds()[at].kind, static_cast<Kind>(at));
        EXPECT_EQ(&descriptor_of(kinds()[at].kind), &kinds()[at]);
        names.insert(kinds()[at].name);
    }
    EXPECT_EQ(names, (std::set<std::string_view>{"local", "ssh", "docker", "http"}));
    EXPECT_EQ(to_string(Kind::http), "http");
}

TEST(Kinds, AreAskedForWhatTheyOffer)
{
    struct Row {
        std::string_view kind;
        Facet facet;
        bool has;
    };
    for (const auto& row :
         {Row{"local", Facet::shell, true}, Row{"ssh", Facet::shell, true},
          Row{"docker", Facet::shell, false}, Row{"docker", Facet::containers, true},
          Row{"ssh", Facet::containers, false}, Row{"http", Facet::http_api, true},
          Row{"http", Facet::shell, false}, Row{"http", Facet::reachability, true},
          Row{"", Facet::containers, true}, Row{"unheard-of", Facet::shell, false}}) {
        EXPECT_EQ(has_facet(row.kind, row.facet), row.has) << row.kind;
    }
}

TEST(Kinds, NameEveryCredentialOfAConnection)
{
    using Source = CredentialReference::Source;
    SshConnection ssh;
    EXPECT_THAT(keys_of(Kind::ssh, ssh), ElementsAre());
    ssh.key_path = "/keys/web";
    ssh.passphrase = CredentialReference{Source::environment, "PHRASE"};
    EXPECT_THAT(keys_of(Kind::ssh, ssh),
                ElementsAre("key_path /keys/web", "passphrase env:PHRASE"));
    HttpConnection http;
    http.credential = CredentialReference{Source::file, "/keys/api"};
    http.username = "ops";
    EXPECT_THAT(keys_of(Kind::http, http), ElementsAre("credential file:/keys/api as ops"));
    DockerConnection docker;
    docker.cert_path = "/certs";
    EXPECT_THAT(keys_of(Kind::docker, docker), ElementsAre("key_path /certs/key.pem"));
    EXPECT_THAT(keys_of(Kind::local, LocalConnection{}), ElementsAre());
}

TEST(Kinds, TellOperatorsWhereTheyAreReached)
{
    SshConnection ssh;
    ssh.host = "web.example";
    ssh.username = "ops";
    EXPECT_EQ(descriptor_of(Kind::ssh).address(ssh), "ops@web.example:22");
    DockerConnection docker;
    docker.host = "tcp://dock:2376";
    EXPECT_EQ(descriptor_of(Kind::docker).address(docker), "tcp://dock:2376");
    docker.socket_path = "/run/docker.sock";
    EXPECT_EQ(descriptor_of(Kind::docker).address(docker), "/run/docker.sock");
    HttpConnection http;
    http.base_url = "http://api";
    EXPECT_EQ(descriptor_of(Kind::http).address(http), "http://api");
    EXPECT_EQ(descriptor_of(Kind::local).address(LocalConnection{}), "this machine");
}

}  // namespace
}  // namespace tailops::targets
