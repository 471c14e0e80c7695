#include "targets/http/http_executor.hpp"

#include "tests/support/collecting_sink.hpp"
#include "tests/unit/targets/http/http_executor_rig.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {
using namespace std::chrono_literals;
using Scheme = HttpConnection::Scheme;

TEST(HttpApiExecutor, AsksBelowItsBaseUrl)
{
    auto call = get("/nodes/1");
    call.query = {{"filter", "a b&c"}};
    call.headers = {{"Accept", "application/json"}};
    for (const std::string base : {"/api/v2", "/api/v2/"}) {
        std::vector<std::string> requests;
        {
            ScriptedServer server{
                {notes(requests, answer(200, "{}", "Content-Type: application/json\r\n"))}};
            const auto result = run(connection_to(server, base), call);
            ASSERT_TRUE(result) << result.error().describe();
            EXPECT_EQ(result->status, 200);
            EXPECT_EQ(result->output, "{}");
            EXPECT_EQ(result->output_bytes, 2U);
            EXPECT_EQ(result->content_type, "application/json");
        }
        ASSERT_EQ(requests.size(), 1U);
        EXPECT_TRUE(requests[0].starts_with("GET /api/v2/nodes/1?filter=a%20b%26c HTTP/1.1\r\n"))
            << requests[0];
        EXPECT_NE(requests[0].find("\r\nAccept: application/json\r\n"), std::string::npos);
        EXPECT_EQ(requests[0].find("Authorization"), std::string::npos);
    }
}

TEST(HttpApiExecutor, TakesAnyStatusForAResult)
{
    for (const int status : {200, 201, 304, 401, 403, 404, 500, 503}) {
        ScriptedServer server{{answers(answer(status, ""))}};
        const auto result = run(connection_to(server), get("/"));
        ASSERT_TRUE(result) << status;
        EXPECT_EQ(result->status, status);
    }
}

TEST(HttpApiExecutor, AsksNothingThatItsAllowListRefuses)
{
    ScriptedServer server{{answers(answer(200, ""))}};
    auto connection = connection_to(server);
    connection.paths = {"/public"};
    auto post = get("/public");
    post.method = "POST";
    auto with_cookie = get("/public");
    with_cookie.headers = {{"Cookie", "a=b"}};
    EngineCall engine_call;
    engine_call.path = "/public";
    const Operation operations[] = {get("/private"),
                                    get("/public/../private"),
                                    get("/public/%2e%2e/private"),
                                    get("/publicity"),
                                    post,
                                    with_cookie,
                                    engine_call};
    for (const auto& operation : operations) {
        const auto result = run(connection, operation);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code(), Errc::invalid_argument) << result.error().describe();
    }
    EXPECT_EQ(server.connections(), 0);
}

TEST(HttpApiExecutor, ShowsTheHeadersThatLeadOnAndNoOther)
{
    ScriptedServer server{{answers(answer(
        200, "x", "Link: </x?page=2>; rel=\"next\"\r\nETag: \"v7\"\r\nSet-Cookie: s=ecret\r\n"))}};
    const auto result = run(connection_to(server), get("/"));
    ASSERT_TRUE(result);
    using Headers = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(result->headers,
              (Headers{{"etag", "\"v7\""}, {"link", "</x?page=2>; rel=\"next\""}}));
}

TEST(HttpApiExecutor, KeepsNoMoreOutputThanPermitted)
{
    ScriptedServer server{{answers(answer(200, std::string(5000, 'x')))}};
    const auto result = run(connection_to(server), get("/"), {}, {.output_limit_bytes = 100});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->truncated);
    EXPECT_EQ(result->output, std::string(100, 'x'));
    EXPECT_EQ(result->output_bytes, 5000U);
}

TEST(HttpApiExecutor, HandsTheWholeOfALongBodyOver)
{
    const auto body = testing::numbered_lines(3'000'000);
    ScriptedServer server{{answers(answer(200, body))}};
    const auto sink = std::make_shared<testing::CollectingSink>();
    auto call = get("/");
    call.rest = sink;
    const auto result = run(connection_to(server), call, {}, {.output_limit_bytes = 1000});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->output, body.substr(0, 1000));
    EXPECT_EQ(result->output_tail, body.substr(body.size() - 1000));
    EXPECT_EQ(result->output_bytes, body.size());
    EXPECT_TRUE(result->truncated);
    EXPECT_TRUE(sink->output == body);
}

TEST(HttpApiExecutor, StopsReadingWhenTheSinkIsFull)
{
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n\r\n");
        // Endless: ends only because the client goes.
        while (peer.write(std::string(4096, 'x'))) {
        }
    }}};
    const auto sink = std::make_shared<testing::CollectingSink>(100'000);
    auto call = get("/");
    call.rest = sink;
    const auto result = run(connection_to(server), call, {}, {.output_limit_bytes = 1000});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_TRUE(result->truncated);
    EXPECT_EQ(sink->output, std::string(100'000, 'x'));
}

TEST(HttpApiExecutor, ShowsWhatCameOfABodyThatIsLongAndNeverEnds)
{
    for (const bool breaks_off : {true, false}) {
        ScriptedServer server{{[&](Peer& peer) {
            peer.read_request();
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(5000, 'x'));
            if (!breaks_off) peer.wait_for_close();
        }}};
        const auto sink = std::make_shared<testing::CollectingSink>();
        auto call = get("/");
        call.rest = sink;
        const policy::Obligations brief{.timeout = 3s, .output_limit_bytes = 1000};
        const auto result = run(connection_to(server), call, {}, brief);
        ASSERT_TRUE(result) << result.error().describe();
        EXPECT_TRUE(result->truncated);
        EXPECT_EQ(result->output, std::string(1000, 'x'));
        EXPECT_EQ(result->output_bytes, 9000U);
        EXPECT_EQ(sink->output, std::string(5000, 'x'));
    }
}

TEST(HttpApiExecutor, SaysWhatMayHaveHappenedWhenNoAnswerComes)
{
    struct Row {
        std::string method;
        bool stalls;
        Errc code;
        std::string_view message;
    };
    const Row rows[] = {
        {"GET", true, Errc::deadline_exceeded, "the API of target \"api\" did not answer in time"},
        {"POST", true, Errc::deadline_exceeded,
         "the API of target \"api\" did not answer in time; it may still finish the call"},
        {"GET", false, Errc::unreachable, "the API of target \"api\" broke off without an answer"},
        {"POST", false, Errc::unreachable,
         "the API of target \"api\" broke off without an answer; it may still finish the call"},
    };
    for (const auto& row : rows) {
        ScriptedServer server{{[&](Peer& peer) {
            peer.read_request();
            if (row.stalls) peer.wait_for_close();
        }}};
        auto connection = connection_to(server);
        connection.methods = {"GET", "POST"};
        auto call = get("/");
        call.method = row.method;
        const auto result = run(connection, call, {}, {.timeout = row.stalls ? 2s : 60s});
        ASSERT_FALSE(result) << row.message;
        EXPECT_EQ(result.error().code(), row.code) << row.message;
        EXPECT_EQ(result.error().public_message(), row.message);
        EXPECT_EQ(result.error().has_nothing_begun(), row.method == "GET") << row.message;
        EXPECT_EQ(server.connections(), 1) << row.message;
    }
}

TEST(HttpApiExecutor, SaysOfNoAnswerThatHasBegunThatNothingWas)
{
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nso far");
        peer.wait_for_close();
    }}};
    const auto result = run(connection_to(server), get("/"), {}, {.timeout = 3s});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::deadline_exceeded);
    EXPECT_FALSE(result.error().has_nothing_begun()) << "the API is slow, and it is there";
}

TEST(HttpApiExecutor, IsUnreachableWhereNobodyListens)
{
    std::string url;
    {
        const ScriptedServer gone{std::vector<Script>{}};
        url = gone.url();
    }
    HttpConnection connection;
    connection.base_url = url;
    connection.methods = {"POST"};
    auto post = get("/");
    post.method = "POST";
    for (const Operation& operation : {Operation{Probe{}}, Operation{post}}) {
        const auto result = run(connection, operation);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code(), Errc::unreachable);
        EXPECT_EQ(result.error().public_message(), "the API of target \"api\" cannot be reached");
        EXPECT_TRUE(result.error().has_nothing_begun());
    }
}

TEST(MakeHttpExecutor, RefusesConnectionsThatCannotBeMeant)
{
    HttpConnection good;
    good.base_url = "https://a.example/api";
    EXPECT_TRUE(make_http_executor(good, {}));
    const auto refused = [&](auto change) {
        auto connection = good;
        change(connection);
        return !make_http_executor(connection, reads("x"));
    };
    EXPECT_TRUE(refused([](auto& c) { c.base_url = "a.example"; }));
    EXPECT_TRUE(refused([](auto& c) { c.base_url = "https://u:p@a.example"; }));
    EXPECT_TRUE(refused([](auto& c) { c.base_url = "https://a.example/api?x=y"; }));
    EXPECT_TRUE(refused([](auto& c) { c.base_url = "https://a.example/a/../b"; }));
    EXPECT_TRUE(refused([](auto& c) { c.paths = {"/a/../b"}; }));
    EXPECT_TRUE(refused([](auto& c) { c.ca_file = "/nonexistent/ca.pem"; }));
    for (const std::string name : {"", "A:", "A B", "Host", "Content-Length", "Connection"}) {
        EXPECT_TRUE(refused([&](auto& c) {
            c.scheme = Scheme::header;
            c.header_name = name;
        })) << name;
    }
    EXPECT_TRUE(refused([](auto& c) {
        c.scheme = Scheme::basic;
        c.username = "a:b";
    }));
    good.scheme = Scheme::bearer;
    EXPECT_FALSE(make_http_executor(good, {}));
}

}  // namespace
}  // namespace tailops::targets
