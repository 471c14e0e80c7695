#include "targets/http/http_executor.hpp"
#include "tests/unit/targets/http/http_executor_rig.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {
using testing::Authority;
using Scheme = HttpConnection::Scheme;

TEST(HttpApiExecutor, ShowsItsCredentialAsTheSchemeSays)
{
    struct Row {
        Scheme scheme;
        std::string header;
    };
    const Row rows[] = {
        {Scheme::bearer, "\r\nAuthorization: Bearer s3cret\r\n"},
        {Scheme::basic, "\r\nAuthorization: Basic YWRtaW46czNjcmV0\r\n"},  // admin:s3cret
        {Scheme::header, "\r\nX-Api-Key: s3cret\r\n"},
    };
    for (const auto& row : rows) {
        std::vector<std::string> requests;
        {
            ScriptedServer server{{notes(requests, answer(200, ""))}};
            auto connection = connection_to(server);
            connection.scheme = row.scheme;
            connection.username = "admin";
            connection.header_name = "X-Api-Key";
            ASSERT_TRUE(run(connection, get("/"), reads("s3cret")));
        }
        EXPECT_NE(requests[0].find(row.header), std::string::npos) << requests[0];
    }
}

TEST(HttpApiExecutor, ReadsItsCredentialAnewForEachCall)
{
    std::vector<std::string> requests;
    {
        ScriptedServer server{{notes(requests, answer(200, ""))}};
        auto connection = connection_to(server);
        connection.scheme = Scheme::bearer;
        int reading = 0;
        const auto results = run_all(
            connection,
            [&]() -> Result<Secret> { return Secret{"token-" + std::to_string(++reading)}; },
            {get("/"), get("/")});
        EXPECT_TRUE(results[0] && results[1]);
    }
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_NE(requests[0].find("Bearer token-1\r\n"), std::string::npos);
    EXPECT_NE(requests[1].find("Bearer token-2\r\n"), std::string::npos);
}

TEST(HttpApiExecutor, NeverTellsItsCredential)
{
    ScriptedServer server{std::vector<Script>{}};
    auto connection = connection_to(server);
    connection.scheme = Scheme::bearer;
    for (const std::string secret : {"s3cret\r\nX: y", "s3cret"}) {
        const auto result = run(connection, get("/"), reads(secret));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().describe().find("s3cret"), std::string::npos);
    }
}

TEST(HttpApiExecutor, SaysThatItsCredentialCannotBeRead)
{
    ScriptedServer server{std::vector<Script>{}};
    auto connection = connection_to(server);
    connection.scheme = Scheme::bearer;
    const auto result = run(connection, get("/"), []() -> Result<Secret> {
        return fail(Errc::invalid_argument, "env:TOKEN is not set");
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::unauthorized_there);
    EXPECT_TRUE(result.error().has_nothing_begun());
    EXPECT_EQ(server.connections(), 0);
}

TEST(HttpApiExecutor, DoesNotFollowARedirectWithItsCredential)
{
    ScriptedServer elsewhere{{answers(answer(200, "stolen"))}};
    ScriptedServer server{{answers(answer(307, "", "Location: " + elsewhere.url() + "/x\r\n"))}};
    auto connection = connection_to(server);
    connection.scheme = Scheme::bearer;
    const auto result = run(connection, get("/"), reads("s3cret"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 307);
    using Headers = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(result->headers, (Headers{{"location", elsewhere.url() + "/x"}}));
    EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(HttpApiExecutor, ProbesWithItsCredential)
{
    struct Row {
        int status;
        std::optional<Errc> refused;
    };
    const Row rows[] = {
        {200, {}},
        {404, {}},
        {500, {}},
        {302, {}},
        {401, Errc::unauthorized_there},
        {403, Errc::unauthorized_there},
    };
    for (const auto& row : rows) {
        std::vector<std::string> requests;
        {
            ScriptedServer server{{notes(requests, answer(row.status, std::string(5000, 'x')))}};
            auto connection = connection_to(server, "/base");
            connection.scheme = Scheme::bearer;
            connection.methods = {"POST", "GET"};
            connection.paths = {"/jobs", "/nodes"};
            const auto result = run(connection, Probe{}, reads("s3cret"));
            ASSERT_EQ(result.has_value(), !row.refused) << row.status;
            if (result) {
                EXPECT_EQ(result->output, "answered with HTTP " + std::to_string(row.status))
                    << "and nothing of what it said";
                EXPECT_EQ(result->diagnostics, "");
            } else {
                EXPECT_EQ(result.error().code(), *row.refused);
                EXPECT_EQ(result.error().public_message(),
                          "the API of target \"api\" refuses our credential (HTTP " +
                              std::to_string(row.status) + ")");
            }
        }
        EXPECT_TRUE(requests[0].starts_with("GET /base/jobs HTTP/1.1\r\n")) << requests[0];
        EXPECT_NE(requests[0].find("Bearer s3cret"), std::string::npos);
    }
}

TEST(HttpApiExecutor, ProbesWithoutARequestWhereNoneMayBeSent)
{
    struct Row {
        const char* what;
        std::vector<std::string> methods;
        Probe probe;
    };
    const Row rows[] = {
        {"a target that takes no request that only reads", {"POST"}, {}},
        {"a caller who may not send it", {"GET"}, {Probe::Depth::connect}},
    };
    for (const auto& row : rows) {
        std::vector<std::string> requests;
        {
            ScriptedServer server{{notes(requests, answer(200, "secret"))}};
            auto connection = connection_to(server, "/base");
            connection.scheme = Scheme::bearer;
            connection.methods = row.methods;
            const auto result = run(connection, row.probe, reads("s3cret"));
            ASSERT_TRUE(result) << row.what;
            EXPECT_EQ(result->output, "connected; no request was sent");
        }
        for (const auto& request : requests) EXPECT_EQ(request, "") << row.what;
    }
}

TEST(HttpApiExecutor, ShowsItsCredentialOnlyToTheServerItBelieves)
{
    Authority authority;
    struct Row {
        std::string_view what;
        std::string names;
        bool verify;
        std::string ca_file;
        bool believed;
    };
    const Row rows[] = {
        {"known", "IP:127.0.0.1", true, authority.certificate_file(), true},
        {"another name", "DNS:elsewhere", true, authority.certificate_file(), false},
        {"not in the system's store", "IP:127.0.0.1", true, "", false},
        {"told to believe anyone", "DNS:elsewhere", false, "", true},
    };
    for (const auto& row : rows) {
        std::vector<std::string> requests;
        {
            ScriptedServer server{{notes(requests, answer(200, ""))},
                                  ScriptedServer::Tls{.identity = authority.issue(row.names)}};
            HttpConnection connection;
            connection.base_url = "https://127.0.0.1:" + std::to_string(server.port());
            connection.tls_verify = row.verify;
            connection.ca_file = row.ca_file;
            connection.scheme = Scheme::bearer;
            const auto result = run(connection, get("/"), reads("s3cret"));
            ASSERT_EQ(result.has_value(), row.believed) << row.what;
            if (!result) {
                EXPECT_EQ(result.error().code(), Errc::unauthorized_there) << row.what;
                EXPECT_EQ(result.error().public_message(),
                          "the API of target \"api\" cannot be used: the server's TLS certificate "
                          "is not trusted");
            }
        }
        EXPECT_EQ(requests.size(), row.believed ? 1U : 0U) << row.what;
    }
}

}  // namespace
}  // namespace tailops::targets
