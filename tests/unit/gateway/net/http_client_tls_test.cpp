#include "gateway/net/http_client.hpp"
#include "tests/support/run.hpp"
#include "tests/support/scripted_server.hpp"

#include <gtest/gtest.h>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
using testing::answer;
using testing::answers;
using testing::Authority;
using testing::CertifiedKey;
using testing::ScriptedServer;

Authority& authority()
{
    static Authority made;
    return made;
}

Result<HttpResponse> exchange(std::string host, const ScriptedServer& server, TlsOptions tls)
{
    return testing::run([&](Runtime&) -> Task<Result<HttpResponse>> {
        auto client = HttpClient::create({.host = host, .port = server.port(), .tls = true},
                                         {.tls = tls, .not_trusted = Errc::unauthorized_there});
        if (!client) co_return fail(client.error());
        HttpRequest request;
        co_return co_await (*client)->send(std::move(request), after(30s));
    });
}

ScriptedServer::Tls known_as(const std::string& names)
{
    return {.identity = authority().issue(names)};
}

TEST(HttpClientTls, BelievesAServerThatItsAuthorityVouchesFor)
{
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        ScriptedServer server{{answers(answer(200, "secret"))},
                              known_as("DNS:localhost,IP:127.0.0.1")};
        const auto response = exchange(host, server, {.ca_file = authority().certificate_file()});
        ASSERT_TRUE(response) << host << ": " << response.error().describe();
        EXPECT_EQ(response->body, "secret");
    }
}

TEST(HttpClientTls, UsesAKeptConnectionAgain)
{
    ScriptedServer server{{answers(answer(200, "x"), 3)}, known_as("DNS:localhost")};
    testing::run([&](Runtime&) -> Task<void> {
        auto client = HttpClient::create({.host = "localhost", .port = server.port(), .tls = true},
                                         {.tls = {.ca_file = authority().certificate_file()}});
        for (int i = 0; i < 3; ++i) {
            HttpRequest request;
            const auto response = co_await (*client)->send(std::move(request), after(30s));
            EXPECT_TRUE(response.has_value());
        }
    });
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientTls, DoesNotBelieveOthers)
{
    Authority stranger;
    struct Row {
        std::string_view what;
        ScriptedServer::Tls tls;
        std::string ca_file;
        std::string host{"localhost"};
    };
    const Row rows[] = {
        {"another name", known_as("DNS:elsewhere.example"), authority().certificate_file()},
        {"another address", known_as("DNS:localhost,IP:127.0.0.2"), authority().certificate_file(),
         "127.0.0.1"},
        {"a name beside the address", known_as("DNS:127.0.0.1"), authority().certificate_file(),
         "127.0.0.1"},
        {"expired",
         {.identity = authority().issue_expired("DNS:localhost")},
         authority().certificate_file()},
        {"another authority",
         {.identity = stranger.issue("DNS:localhost")},
         authority().certificate_file()},
        {"the system's store", known_as("DNS:localhost"), ""},
    };
    for (const auto& row : rows) {
        ScriptedServer server{{answers(answer(200, "secret"))}, row.tls};
        const auto response = exchange(row.host, server, {.ca_file = row.ca_file});
        ASSERT_FALSE(response) << row.what;
        EXPECT_EQ(response.error().code(), Errc::unauthorized_there)
            << row.what << ": " << response.error().describe();
        EXPECT_EQ(response.error().public_message(), "the server's TLS certificate is not trusted");
    }
}

TEST(HttpClientTls, BelievesAnyoneOnlyWhenToldTo)
{
    ScriptedServer server{{answers(answer(200, "x"))}, known_as("DNS:elsewhere.example")};
    const auto response = exchange("localhost", server, {.verify_peer = TlsOptions::Verify::no});
    ASSERT_TRUE(response) << response.error().describe();
}

TEST(HttpClientTls, ShowsItsOwnCertificate)
{
    const auto ours = authority().issue("DNS:client");
    Authority stranger;
    const auto foreign = stranger.issue("DNS:client");
    const auto ca_file = authority().certificate_file();
    struct Row {
        std::string_view what;
        TlsOptions tls;
        bool accepted;
    };
    const Row rows[] = {
        {"ours",
         {.ca_file = ca_file, .certificate_file = ours.certificate_file, .key_file = ours.key_file},
         true},
        {"none", {.ca_file = ca_file}, false},
        {"a stranger's",
         {.ca_file = ca_file,
          .certificate_file = foreign.certificate_file,
          .key_file = foreign.key_file},
         false},
    };
    for (const auto& row : rows) {
        auto tls = known_as("DNS:localhost");
        tls.client_ca_file = ca_file;
        ScriptedServer server{{answers(answer(200, "x"))}, tls};
        const auto response = exchange("localhost", server, row.tls);
        ASSERT_EQ(response.has_value(), row.accepted) << row.what;
        if (response) continue;
        EXPECT_EQ(response.error().code(), Errc::unauthorized_there)
            << row.what << ": " << response.error().describe();
    }
}

TEST(HttpClientTls, FailsAgainstAServerWithoutTls)
{
    ScriptedServer server{{[](testing::Peer& peer) {
        peer.read_some();
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    }}};
    const auto response =
        exchange("localhost", server, {.ca_file = authority().certificate_file()});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Errc::unreachable) << response.error().describe();
}

TEST(HttpClientTls, TakesABodyThatEndsWithoutCloseNotifyForBroken)
{
    // An attacker can cut a TLS connection, but cannot say goodbye in the server's name.
    ScriptedServer server{{[](testing::Peer& peer) {
                              peer.read_request();
                              peer.write("HTTP/1.1 200 OK\r\n\r\nhalf");
                          }},
                          known_as("DNS:localhost")};
    const auto response =
        exchange("localhost", server, {.ca_file = authority().certificate_file()});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Errc::unreachable);
}

TEST(HttpClientTls, NamesTheFileItCannotUse)
{
    testing::TemporaryDirectory directory;
    const auto garbage = directory.write("garbage.pem", "not a certificate");
    const auto leaf = authority().issue("DNS:client");
    const auto other = authority().issue("DNS:client");
    struct Row {
        TlsOptions tls;
        std::string file;
    };
    const Row rows[] = {
        {{.ca_file = directory.file("missing.pem")}, directory.file("missing.pem")},
        {{.ca_file = garbage}, garbage},
        {{.certificate_file = garbage, .key_file = leaf.key_file}, garbage},
        {{.certificate_file = leaf.certificate_file, .key_file = garbage}, garbage},
        {{.certificate_file = leaf.certificate_file, .key_file = other.key_file}, other.key_file},
    };
    for (const auto& row : rows) {
        const auto client =
            HttpClient::create({.host = "a", .port = 443, .tls = true}, {.tls = row.tls});
        ASSERT_FALSE(client) << row.file;
        EXPECT_EQ(client.error().code(), Errc::invalid_argument);
        EXPECT_NE(client.error().describe().find(row.file), std::string::npos)
            << client.error().describe();
        EXPECT_EQ(client.error().public_message().find(row.file), std::string::npos);
    }
}

}  // namespace
}  // namespace tailops::net
