#include "tests/support/temporary_directory.hpp"
#include "tests/unit/gateway/net/http_exchange.hpp"

#include <future>

/// A kept connection in which something lies unread is not used again: it would be the answer to
/// the next call, which may be another caller's.
namespace tailops::net {
namespace {
using namespace std::chrono_literals;

/// The kinds of connection that a client keeps, each with a server of the same scripts.
class EveryWire : public ::testing::TestWithParam<const char*> {
protected:
    void serve(std::vector<Script> scripts)
    {
        const std::string kind = GetParam();
        if (kind == "unix") {
            endpoint_.socket_path = directory_.file("socket");
            server_ = std::make_unique<ScriptedServer>(endpoint_.socket_path, std::move(scripts));
            return;
        }
        std::optional<ScriptedServer::Tls> tls;
        if (kind == "tls") {
            tls.emplace(authority_.issue("IP:127.0.0.1"));
            options_.tls.ca_file = authority_.certificate_file();
        }
        server_ = std::make_unique<ScriptedServer>(std::move(scripts), std::move(tls));
        endpoint_ = {.host = "127.0.0.1", .port = server_->port(), .tls = kind == "tls"};
    }

    testing::TemporaryDirectory directory_;
    testing::Authority authority_;
    std::unique_ptr<ScriptedServer> server_;
    HttpEndpoint endpoint_;
    HttpClientOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Net,
                         EveryWire,
                         ::testing::Values("tcp", "tls", "unix"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(EveryWire, IsDroppedWhenAnUnaskedAnswerCameWithTheOneAskedFor)
{
    serve({[](Peer& peer) {
               peer.read_request();
               peer.write_together(answer(200, "first"), answer(200, "UNASKED"));
               peer.wait_for_close();
           },
           answers(answer(200, "second"), 2)});
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(endpoint_, options_);
        expect_body(co_await client->send(plain(), after(60s)), "first");
        expect_body(co_await client->send(plain(), after(60s)), "second");
        expect_body(co_await client->send(plain(), after(60s)), "second");
    });
    EXPECT_EQ(server_->connections(), 2) << "what is quiet is kept";
}

TEST_P(EveryWire, IsDroppedWhenAnUnaskedAnswerCameAfterIt)
{
    std::promise<void> is_read, is_sent;
    serve({[&](Peer& peer) {
               peer.read_request();
               peer.write(answer(200, "first"));
               is_read.get_future().wait();
               peer.write(answer(200, "UNASKED"));
               is_sent.set_value();
               peer.wait_for_close();
           },
           answers(answer(200, "second"))});
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(endpoint_, options_);
        expect_body(co_await client->send(plain(), after(60s)), "first");
        is_read.set_value();
        is_sent.get_future().wait();
        expect_body(co_await client->send(plain(), after(60s)), "second");
    });
}

TEST_P(EveryWire, IsDroppedWhenTheAnswerToAHeadHadABody)
{
    serve({[](Peer& peer) {
               peer.read_request();
               peer.write_together("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "UNASKED");
               peer.wait_for_close();
           },
           answers(answer(200, "second"))});
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(endpoint_, options_);
        HttpRequest head{.method = "HEAD"};
        expect_body(co_await client->send(std::move(head), after(60s)), "");
        expect_body(co_await client->send(plain(), after(60s)), "second");
    });
}

TEST_P(EveryWire, EndsInTimeAlsoWhenTheServerNeverStopsSending)
{
    serve({[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const auto chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
        while (peer.write(chunk)) {
        }
    }});
    run([&](Runtime&) -> Task<void> {
        const auto client = client_of(endpoint_, options_);
        HttpRequest request;
        request.body_tap = [](const HttpResponse&, std::string_view) { return Wants::more; };
        request.body_limit_bytes = 1024;
        const auto start = std::chrono::steady_clock::now();
        const auto response = co_await client->send(std::move(request), after(10s));
        EXPECT_TRUE(response && response->truncated);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
    });
}

}  // namespace
}  // namespace tailops::net
