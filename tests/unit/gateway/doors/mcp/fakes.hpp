#pragma once

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/doors/mcp/eras/era.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/gateway/doors/mcp/fake_exchange.hpp"
#include "tests/unit/gateway/doors/mcp/fake_service.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

/// One request under way.
struct Flow {
    explicit Flow(Bell& bell) : exchange{bell} {}
    FakeExchange exchange;
    asio::cancellation_signal hang_up;
    bool is_over{false};
    std::exception_ptr thrown;
};

/// An endpoint with a fake service on one strand.
template <class FakedService>
class BenchOf {
public:
    explicit BenchOf(asio::any_io_executor executor, EndpointSettings settings = {})
        : bell{executor},
          service{bell},
          endpoint{service, clock, with_names(std::move(settings))},
          home_{std::move(executor)}
    {
    }

    static auth::Principal principal(std::string subject)
    {
        auth::Principal who;
        who.identity.subject = SubjectId{std::move(subject)};
        who.identity.issuer = "https://idp.example";
        return who;
    }

    Inbound inbound(std::string method, http::Headers headers, std::string body = {})
    {
        return {.method = std::move(method),
                .headers = std::move(headers),
                .body = std::move(body),
                .principal = principal(subject),
                .id = RequestId{"r" + std::to_string(++requests_)}};
    }

    std::shared_ptr<Flow> start(Inbound inbound)
    {
        auto flow = std::make_shared<Flow>(bell);
        ++flows;
        asio::co_spawn(home_, endpoint.serve(std::move(inbound), flow->exchange),
                       asio::bind_cancellation_slot(flow->hang_up.slot(),
                                                    [this, flow](std::exception_ptr thrown) {
                                                        flow->is_over = true;
                                                        --flows;
                                                        flow->thrown = thrown;
                                                        bell.ring();
                                                    }));
        return flow;
    }
    Task<void> end_of(std::shared_ptr<Flow> flow)
    {
        co_await bell.until([&] { return flow->is_over; });
    }
    Task<std::shared_ptr<Flow>> serve(Inbound inbound)
    {
        auto flow = start(std::move(inbound));
        co_await end_of(flow);
        co_return flow;
    }

    // Modern
    static std::string modern_body(std::string_view method,
                                   json params = json::object(),
                                   json id = 1,
                                   json capabilities = json::object())
    {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = std::move(capabilities);
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = {{"name", "c"}, {"version", "1"}};
        return json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump();
    }
    static http::Headers modern_headers(std::string method, std::string name = {})
    {
        http::Headers headers{{"Content-Type", "application/json"},
                              {"Accept", "application/json, text/event-stream"},
                              {"MCP-Protocol-Version", "2026-07-28"},
                              {"Mcp-Method", std::move(method)}};
        if (!name.empty()) headers.emplace_back("Mcp-Name", std::move(name));
        return headers;
    }
    /// Of a client that declares `capabilities`.
    Inbound modern(std::string method, json params = json::object(), json id = 1)
    {
        const auto member = named_member(method);
        auto name = member.empty() ? std::string{} : std::string{text_member(params, member)};
        return inbound("POST", modern_headers(method, std::move(name)),
                       modern_body(method, std::move(params), std::move(id), capabilities));
    }
    Inbound modern_call(std::string tool, json arguments = json::object(), json id = 1)
    {
        return modern("tools/call",
                      {{"name", std::move(tool)}, {"arguments", std::move(arguments)}},
                      std::move(id));
    }

    // Legacy
    http::Headers legacy_headers() const
    {
        http::Headers headers{{"Content-Type", "application/json"},
                              {"Accept", "application/json, text/event-stream"}};
        if (!session.empty()) headers.emplace_back("Mcp-Session-Id", session);
        return headers;
    }
    static std::string legacy_body(std::string_view method,
                                   json params = json::object(),
                                   json id = 1)
    {
        return json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump();
    }
    Inbound legacy(std::string_view method, json params = json::object(), json id = 1)
    {
        return inbound("POST", legacy_headers(), legacy_body(method, std::move(params), id));
    }
    Inbound legacy_call(std::string_view tool, json id = 1)
    {
        return legacy("tools/call", {{"name", tool}}, id);
    }
    Inbound notification(std::string_view method, json params = json::object())
    {
        return inbound("POST", legacy_headers(),
                       json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
    }
    // Written before any co_await: g++ 12 cannot keep a braced list across one.
    Inbound initialize(std::string_view revision)
    {
        session.clear();
        return legacy("initialize", {{"protocolVersion", revision},
                                     {"capabilities", capabilities},
                                     {"clientInfo", {{"name", "c"}, {"version", "1"}}}});
    }
    Inbound cancelled(const json& id)
    {
        return notification("notifications/cancelled", {{"requestId", id}});
    }
    Task<void> open_session(std::string_view revision = "2025-11-25")
    {
        auto inbound = initialize(revision);
        auto flow = co_await serve(std::move(inbound));
        session = flow->exchange.header("Mcp-Session-Id");
        EXPECT_FALSE(session.empty());
    }

    Bell bell;
    FakeClock clock;
    FakedService service;
    Endpoint endpoint;
    std::string subject{"alice"};
    std::string session;
    json capabilities = json::object();  // what the client declares
    int flows{0};                        // under way

private:
    EndpointSettings with_names(EndpointSettings settings) const
    {
        settings.steady = [this] { return clock.steady(); };
        settings.server_version = "1.2.3";
        settings.insufficient_scope_challenge = [](const std::vector<std::string>& scopes) {
            std::string value = "Bearer scope=";
            for (const auto& scope : scopes) value += scope + '+';
            return value;
        };
        return settings;
    }

    asio::any_io_executor home_;
    int requests_{0};
};

using Bench = BenchOf<FakeService>;

/// Lets everything end that `bench` has begun.
template <class B>
Task<void> wind_up(B& bench)
{
    bench.endpoint.drain();
    bench.endpoint.end_sessions();
    bench.endpoint.stop_tasks();
    co_await bench.bell.until([&bench] { return bench.flows == 0; });
    // Legacy calls outlive their flows, and nobody rings at their end.
    const auto home = co_await asio::this_coro::executor;
    const auto is_at_work = [&bench] {
        return bench.endpoint.legacy_calls() > 0 || bench.endpoint.tasks_under_way() > 0;
    };
    while (is_at_work()) co_await asio::post(home, asio::use_awaitable);
}

/// Runs `body(bench)` on a strand.
template <class B = Bench, class F>
void on_bench(F body, EndpointSettings settings = {})
{
    tailops::testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        B bench{home, settings};
        co_await body(bench);
        co_await wind_up(bench);
    });
}

inline int error_code(const json& message)
{
    const auto* error = find_member(message, "error");
    return error ? static_cast<int>(field<std::int64_t>(*error, "code").value_or(0)) : 0;
}

}  // namespace tailops::mcp::testing
