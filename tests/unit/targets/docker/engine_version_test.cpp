#include "targets/docker/engine_version.hpp"

#include "targets/docker/docker_executor.hpp"
#include "targets/docker/engine_endpoint.hpp"
#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"
#include "tests/support/scripted_server.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {
using testing::answer;
using testing::Peer;
using testing::ScriptedServer;

TEST(EngineVersion, ReadsOnlyTwoNumbers)
{
    EXPECT_EQ(parse_engine_version("1.41"), (EngineVersion{1, 41}));
    EXPECT_LT(*parse_engine_version("1.9"), *parse_engine_version("1.10"));
    for (const std::string_view text :
         {"", "1", "1.", ".1", "1.4.1", "1.x", "-1.4", "1.+4", " 1.4", "1.99999"}) {
        EXPECT_FALSE(parse_engine_version(text)) << text;
    }
}

TEST(EngineVersion, AgreesOnTheNewestThatBothKnow)
{
    struct Row {
        std::string_view what;
        EngineVersions engine;
        std::string agreed;  // empty: none
    };
    const Row rows[] = {
        {"an older engine", {.newest = {1, 41}, .oldest = EngineVersion{1, 12}}, "1.41"},
        {"the oldest we take", {.newest = {1, 24}}, "1.24"},
        {"one too old", {.newest = {1, 23}}, ""},
        {"a newer engine", {.newest = {1, 51}, .oldest = EngineVersion{1, 24}}, "1.44"},
        {"one that forgot ours", {.newest = {1, 60}, .oldest = EngineVersion{1, 50}}, "1.50"},
        {"a newer major version", {.newest = {2, 0}}, "1.44"},
    };
    for (const auto& row : rows) {
        const auto agreed = agree_on_version(row.engine);
        EXPECT_EQ(agreed ? agreed->text() : "", row.agreed) << row.what;
        if (!agreed) {
            EXPECT_EQ(agreed.error().public_message(),
                      "the Docker engine is too old: it speaks API 1.23, we need at least 1.24");
        }
    }
}

std::string version(std::string_view newest, std::string_view oldest = "1.12")
{
    return answer(200, "{\"ApiVersion\":\"" + std::string{newest} + "\",\"MinAPIVersion\":\"" +
                           std::string{oldest} + "\"}");
}

/// Answers one request after another on one connection, noting what was asked for.
testing::Script dialogue(std::vector<std::string> answers_in_turn, std::vector<std::string>& asked)
{
    return [answers_in_turn, &asked](Peer& peer) {
        for (const auto& bytes : answers_in_turn) {
            const auto request = peer.read_request();
            if (request.empty()) return;
            asked.push_back(request.substr(0, request.find(" HTTP/")));
            peer.write(bytes);
        }
        peer.wait_for_close();
    };
}

/// Runs `calls` GETs of /info against an engine that follows the dialogue.
std::vector<Result<ExecutionResult>> ask(const ScriptedServer& server, int calls)
{
    DockerConnection connection;
    connection.host = "tcp://127.0.0.1:" + std::to_string(server.port());
    std::vector<Result<ExecutionResult>> results;
    testing::run([&](Runtime&) -> Task<void> {
        const auto dock = make_docker_executor(connection);
        for (int i = 0; i < calls; ++i) {
            EngineCall call;
            call.path = "/info";
            auto permit = testing::any_permit(TargetId{"dock"});
            results.push_back(co_await (*dock)->run(std::move(permit), std::move(call)));
        }
    });
    return results;
}

TEST(EngineNegotiation, HappensOnce)
{
    std::vector<std::string> asked;
    {
        ScriptedServer server{
            {dialogue({version("1.41"), answer(200, "a"), answer(200, "b")}, asked)}};
        const auto results = ask(server, 2);
        EXPECT_TRUE(results[0] && results[1]);
    }
    EXPECT_EQ(asked,
              (std::vector<std::string>{"GET /version", "GET /v1.41/info", "GET /v1.41/info"}));
}

TEST(EngineNegotiation, HappensAgainWhenTheEngineCameBackAsAnother)
{
    struct Row {
        std::string_view what;
        std::string refusal;
        std::string version;
        std::string again;
    };
    const Row rows[] = {
        {"an older one",
         answer(400, "{\"message\":\"client version 1.44 is too new\"}", "Api-Version: 1.41\r\n"),
         version("1.41"), "GET /v1.41/info"},
        {"a newer one",
         answer(400, "{\"message\":\"client version 1.44 is too old. Minimum ...\"}",
                "Api-Version: 1.60\r\n"),
         version("1.60", "1.50"), "GET /v1.50/info"},
    };
    for (const auto& row : rows) {
        std::vector<std::string> asked;
        {
            ScriptedServer server{{dialogue(
                {version("1.47"), row.refusal, row.version, answer(200, "done")}, asked)}};
            const auto results = ask(server, 1);
            ASSERT_TRUE(results[0]) << row.what;
            EXPECT_EQ(results[0]->output, "done") << row.what;
        }
        EXPECT_EQ(asked, (std::vector<std::string>{"GET /version", "GET /v1.44/info",
                                                   "GET /version", row.again}))
            << row.what;
    }
}

TEST(EngineNegotiation, LeavesOtherRefusalsAlone)
{
    std::vector<std::string> asked;
    {
        ScriptedServer server{{dialogue(
            {version("1.41"), answer(400, "bad parameter", "Api-Version: 1.41\r\n")}, asked)}};
        const auto results = ask(server, 1);
        ASSERT_TRUE(results[0]);
        EXPECT_EQ(results[0]->status, 400);
    }
    EXPECT_EQ(asked.size(), 2U);
}

TEST(EngineNegotiation, TakesThePingWhereTheVersionIsFiltered)
{
    std::vector<std::string> asked;
    ScriptedServer server{{dialogue(
        {answer(403, ""), answer(200, "OK", "Api-Version: 1.40\r\n"), answer(200, "a")}, asked)}};
    const auto results = ask(server, 1);
    EXPECT_TRUE(results[0]);
}

TEST(EngineNegotiation, SaysWhatIsWrongWithTheEngine)
{
    struct Row {
        std::string_view what;
        std::vector<std::string> answers;
        Errc code;
        std::string_view message;
    };
    const Row rows[] = {
        {"too old",
         {version("1.23")},
         Errc::unreachable,
         "the Docker engine of target \"dock\" cannot be used: the Docker engine is too old: it "
         "speaks API 1.23, we need at least 1.24"},
        {"filtered",
         {answer(403, ""), answer(403, "")},
         Errc::unauthorized_there,
         "the Docker engine of target \"dock\" refuses us (HTTP 403)"},
        {"something else",
         {answer(200, "<html>"), answer(200, "<html>")},
         Errc::unreachable,
         "what answers for the Docker engine of target \"dock\" is no Docker engine"},
    };
    for (const auto& row : rows) {
        std::vector<std::string> asked;
        ScriptedServer server{{dialogue(row.answers, asked)}};
        const auto results = ask(server, 1);
        ASSERT_FALSE(results[0]) << row.what;
        EXPECT_EQ(results[0].error().code(), row.code) << row.what;
        EXPECT_EQ(results[0].error().public_message(), row.message);
    }
}

TEST(EngineEndpoint, ReadsEveryForm)
{
    testing::TemporaryDirectory certificates;
    certificates.write("ca.pem", "");
    testing::TemporaryDirectory with_ours;
    with_ours.write("cert.pem", "");
    struct Row {
        std::string host;
        bool tls, verify;
        std::string cert_path;
        std::string expected_host;
        std::uint16_t port;
        std::string ca_file, certificate_file;
    };
    const Row rows[] = {
        {"tcp://a", false, true, "", "a", 2375, "", ""},
        {"tcp://a", true, true, "", "a", 2376, "", ""},
        {"tcp://a:80", true, true, "", "a", 80, "", ""},
        {"tcp://a:1234/", false, true, "", "a", 1234, "", ""},
        {"tcp://[::1]", false, true, "", "::1", 2375, "", ""},
        {"tcp://[::1]:99", false, true, "", "::1", 99, "", ""},
        {"tcp://a", true, true, certificates.path(), "a", 2376, certificates.file("ca.pem"), ""},
        {"tcp://a", true, false, with_ours.path(), "a", 2376, "", with_ours.file("cert.pem")},
    };
    for (const auto& row : rows) {
        DockerConnection connection;
        connection.host = row.host;
        connection.tls = row.tls;
        connection.tls_verify = row.verify;
        connection.cert_path = row.cert_path;
        const auto engine = engine_endpoint(connection);
        ASSERT_TRUE(engine) << row.host;
        EXPECT_EQ(engine->endpoint.host, row.expected_host);
        EXPECT_EQ(engine->endpoint.port, row.port) << row.host;
        EXPECT_EQ(engine->endpoint.tls, row.tls);
        EXPECT_EQ(engine->options.tls.verify_peer == net::TlsOptions::Verify::yes, row.verify);
        EXPECT_EQ(engine->options.tls.ca_file, row.ca_file);
        EXPECT_EQ(engine->options.tls.certificate_file, row.certificate_file);
    }
    for (const std::string host : {"", "a", "http://a", "tcp://", "tcp://a/x", "tcp://u@a"}) {
        DockerConnection connection;
        connection.host = host;
        EXPECT_FALSE(engine_endpoint(connection)) << host;
    }
}

TEST(EngineEndpoint, RefusesTlsFilesThatAreNotThere)
{
    testing::TemporaryDirectory empty;
    DockerConnection connection;
    connection.host = "tcp://a";
    connection.tls = true;
    connection.cert_path = empty.path();
    const auto dock = make_docker_executor(connection);
    ASSERT_FALSE(dock);
    EXPECT_EQ(dock.error().code(), Errc::invalid_argument);
    EXPECT_NE(dock.error().describe().find("ca.pem"), std::string::npos);
}

TEST(EngineEndpoint, SpeaksTlsWithCertificatesOnBothSides)
{
    testing::Authority authority;
    const auto ours = authority.issue("DNS:client");
    testing::TemporaryDirectory certificates;
    namespace fs = std::filesystem;
    fs::copy_file(authority.certificate_file(), certificates.file("ca.pem"));
    fs::copy_file(ours.certificate_file, certificates.file("cert.pem"));
    fs::copy_file(ours.key_file, certificates.file("key.pem"));

    std::vector<std::string> asked;
    ScriptedServer server{{dialogue({version("1.41")}, asked)},
                          ScriptedServer::Tls{.identity = authority.issue("IP:127.0.0.1"),
                                              .client_ca_file = authority.certificate_file()}};
    DockerConnection connection;
    connection.host = "tcp://127.0.0.1:" + std::to_string(server.port());
    connection.tls = true;
    connection.cert_path = certificates.path();
    const auto result = testing::run([&](Runtime&) -> Task<Result<ExecutionResult>> {
        const auto dock = make_docker_executor(connection);
        auto permit = testing::any_permit(TargetId{"dock"});
        co_return co_await (*dock)->run(std::move(permit), Operation{Probe{}});
    });
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->output, "Docker Engine API 1.41");
}

}  // namespace
}  // namespace tailops::targets
