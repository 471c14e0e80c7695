#include "tests/unit/gateway/http/served.hpp"

namespace tailops::http {
namespace {
using namespace testing;

TEST(ServerRequests, AnswersOnOneConnectionAgainAndAgain)
{
    Served served{echo};
    auto client = served.client();
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(post("/a", std::to_string(i)));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "POST /a? [" + std::to_string(i) + ']');
        EXPECT_EQ(answer.head.find("Connection: close"), std::string::npos);
    }
}

TEST(ServerRequests, AnswersPipelinedRequestsInOrder)
{
    Served served{echo};
    auto client = served.client();
    std::string all;
    for (int i = 0; i < 50; ++i) all += post("/p", std::string(static_cast<std::size_t>(i), 'x'));
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.response().body,
                  "POST /p? [" + std::string(static_cast<std::size_t>(i), 'x') + ']');
    }
}

TEST(ServerRequests, ReadsARequestThatComesByteByByte)
{
    Served served{echo};
    auto client = served.client();
    const auto request = post("/slow?q=1", "body");
    for (const char c : request) client.send({&c, 1});
    EXPECT_EQ(client.response().body, "POST /slow?q=1 [body]");
}

TEST(ServerRequests, ReadsAChunkedBodyAndDropsItsTrailers)
{
    Served served{echo};
    auto client = served.client();
    const auto answer = client.ask(
        "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4\r\nWiki\r\n5;ext=1\r\npedia\r\n0\r\nX-Trailer: t\r\n\r\n" +
        get("/next"));
    EXPECT_EQ(answer.body, "POST /c? [Wikipedia]");
    EXPECT_EQ(client.response().body, "GET /next? []");
}

TEST(ServerRequests, ReadsAndWritesLargeBodies)
{
    Served served{echo};
    auto client = served.client();
    const std::string body(3 * 1024 * 1024, 'b');
    const auto answer = client.ask(post("/big", body));
    EXPECT_EQ(answer.body.size(), body.size() + std::string_view{"POST /big? []"}.size());
}

TEST(ServerRequests, ClosesAfterHttp10AndWhenAskedTo)
{
    Served served{echo};
    for (const auto* request :
         {"GET /x HTTP/1.0\r\nHost: localhost\r\n\r\n", "GET /x HTTP/1.0\r\n\r\n",
          "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: foo, Close\r\n\r\n"}) {
        auto client = served.client();
        const auto answer = client.ask(request);
        EXPECT_EQ(answer.status, 200) << request;
        EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
        EXPECT_TRUE(client.is_closed());
    }
}

TEST(ServerRequests, AnswersHeadWithTheLengthAndNoBody)
{
    Served served{echo};
    auto client = served.client();
    client.send("HEAD /h HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/next"));
    const auto head = client.response(false);
    EXPECT_NE(head.head.find("Content-Length: 11\r\n"), std::string::npos) << head.head;
    EXPECT_EQ(client.response().body, "GET /next? []");
}

TEST(ServerRequests, InvitesTheBodyThatAClientHoldsBack)
{
    Served served{echo};
    auto client = served.client();
    client.send(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_EQ(client.response().body, "POST /e? [ok]");
    EXPECT_EQ(client.ask("POST /e HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n").status,
              417);
}

TEST(ServerRequests, ForgivesAnEmptyLineBeforeARequest)
{
    Served served{echo};
    auto client = served.client();
    EXPECT_EQ(client.ask("\r\n" + get("/a")).status, 200);
    EXPECT_EQ(client.ask("\r\n\r\n" + get("/b")).status, 200);
}

TEST(ServerRequests, AnswersWhatTwoServersCouldReadDifferentlyWith400AndCloses)
{
    Served served{echo};
    const std::string start = "POST /mcp HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& request : {
             start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             start + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
             start + "Content-Length: -1\r\n\r\n",
             start + "X-A: b\r\n folded\r\n\r\n",
             start + "Content-Length : 4\r\n\r\nbody",
             std::string{"GET / HTTP/1.1\nHost: localhost\n\n"},
             std::string{"\x16\x03\x01\x02"},
             start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
         }) {
        auto client = served.client();
        const auto answer = client.ask(request + get("/smuggled"));
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_TRUE(client.is_closed()) << request;
    }
}

TEST(ServerRequests, RefusesAHeadThatIsNotValidWithTheShapeOfThePath)
{
    ServerSettings settings;
    settings.refusal = testing::tagged_refusal;
    Served served{echo, settings};
    const std::string rest = " HTTP/1.1\r\nHost: localhost\r\nMcp-Name: a\x01\r\n\r\n";
    const std::string message = ": the request head is not valid HTTP/1.1";
    const std::vector<std::pair<std::string, std::string>> rows{
        {"/mcp", "/mcp"}, {"/mcp?x=/y", "/mcp"}, {"/healthz", "/healthz"}, {"/?/mcp", "/"}};
    for (const auto& [target, path] : rows) {
        auto client = served.client();
        const auto answer = client.ask("POST " + target + rest);
        EXPECT_EQ(answer.status, 400) << target;
        EXPECT_EQ(answer.body, path + message) << target;
        EXPECT_TRUE(client.is_closed());
    }
}

TEST(ServerRequests, RefusesForeignSitesWithTheShapeOfThePath)
{
    ServerSettings settings;
    settings.allowed_hosts = {"gw.example.com"};
    settings.allowed_origins = {"https://app.example.com"};
    settings.refusal = testing::tagged_refusal;
    Served served{echo, settings};
    struct Row {
        std::string request;
        int status;
        std::string body;
    };
    for (const auto& row : {
             Row{"GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n", 403,
                 "/: this host name is not served here"},
             Row{"POST /mcp HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 9\r\n\r\n", 403,
                 "/mcp: this host name is not served here"},
             Row{get("/", "Origin: https://evil.example.com\r\n"), 403,
                 "/: this origin is not allowed"},
             Row{"GET / HTTP/1.1\r\n\r\n", 400, "/: the Host header is missing"},
             Row{"GET / HTTP/1.1\r\nHost: gw.example.com:8080\r\nOrigin: "
                 "https://app.example.com\r\n\r\n",
                 200, "GET /? []"},
         }) {
        auto client = served.client();
        const auto answer = client.ask(row.request);
        EXPECT_EQ(answer.status, row.status) << row.request;
        EXPECT_EQ(answer.body, row.body) << row.request;
    }
}

TEST(ServerRequests, KeepsCallersTextOutOfItsOwnHeaders)
{
    const Headers tricky{
        {"X-Fine", "yes"}, {"X-Bad", "a\r\nSet-Cookie: b"}, {"Content-Length", "999"}};
    Served served{[tricky](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.reply(text_reply("ok", tricky));
    }};
    auto client = served.client();
    const auto answer = client.ask(get("/"));
    EXPECT_NE(answer.head.find("X-Fine: yes\r\n"), std::string::npos);
    EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
    EXPECT_EQ(answer.body, "ok");
}

TEST(ServerRequests, TurnsAnExceptionInto500WithoutItsText)
{
    Served served{[](Request request, Exchange& exchange) -> Task<void> {
        if (request.path == "/silent") co_return;
        if (request.path == "/throw") throw std::runtime_error{"a secret detail"};
        co_await echo(std::move(request), exchange);
    }};
    for (const auto* path : {"/throw", "/silent"}) {
        auto client = served.client();
        const auto answer = client.ask(get(path));
        EXPECT_EQ(answer.status, 500) << path;
        EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    }
    auto client = served.client();
    EXPECT_EQ(client.ask(get("/fine")).status, 200);
}

TEST(ServerRequests, RefusesASecondAnswer)
{
    std::promise<bool> second;
    Served served{[&](Request, Exchange& exchange) -> Task<void> {
        co_await exchange.reply(text_reply("first"));
        second.set_value((co_await exchange.reply(text_reply("second"))).has_value());
    }};
    auto client = served.client();
    EXPECT_EQ(client.ask(get("/")).body, "first");
    EXPECT_FALSE(second.get_future().get());
}

}  // namespace
}  // namespace tailops::http
