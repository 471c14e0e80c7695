#pragma once

#include "gateway/net/http_client.hpp"
#include "tests/support/run.hpp"
#include "tests/support/scripted_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string_view>

/// What the tests of the HTTP client share: a client of a scripted server, and one exchange with
/// it.
namespace tailops::net {

using testing::answer;
using testing::answers;
using testing::Peer;
using testing::run;
using testing::Script;
using testing::ScriptedServer;

inline HttpEndpoint at(const ScriptedServer& server)
{
    return {.host = "127.0.0.1", .port = server.port()};
}

inline std::shared_ptr<HttpClient> client_of(HttpEndpoint endpoint, HttpClientOptions options = {})
{
    auto client = HttpClient::create(std::move(endpoint), std::move(options));
    if (!client) throw std::runtime_error{client.error().describe()};
    return *client;
}

/// One exchange with a client of its own.
inline Result<HttpResponse> exchange(HttpEndpoint endpoint,
                                     HttpRequest request = {},
                                     HttpClientOptions options = {},
                                     std::chrono::milliseconds patience = std::chrono::seconds{30})
{
    return run([&](Runtime&) -> Task<Result<HttpResponse>> {
        const auto client = client_of(endpoint, options);
        co_return co_await client->send(request, after(patience));
    });
}

/// g++ 12 breaks braced temporaries inside a co_await expression; what a function returns is safe.
inline HttpRequest plain()
{
    return {};
}

inline void expect_body(const Result<HttpResponse>& response, std::string_view body)
{
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, body);
}

inline void expect_code(const Result<HttpResponse>& response, Errc code)
{
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), code) << response.error().describe();
}

}  // namespace tailops::net
