#pragma once

#include "gateway/async/deadline.hpp"
#include "gateway/core/json.hpp"
#include "gateway/mcp/endpoint.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

namespace asio = boost::asio;
using nlohmann::json;

/// Lets a test on the same strand wait until something has come about.
class Bell {
public:
    explicit Bell(asio::any_io_executor home) : timer_{std::move(home), Deadline::max()} {}
    void ring() { timer_.cancel(); }
    Task<void> until(std::function<bool()> come_about)
    {
        while (!come_about()) co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

private:
    asio::steady_timer timer_;
};

class FakeClock : public Clock {
public:
    TimePoint now() const override { return now_; }
    void advance(std::chrono::seconds time) { now_ += time; }

private:
    TimePoint now_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
};

/// Keeps what would go to the client.
class FakeExchange : public Exchange {
public:
    explicit FakeExchange(Bell& bell) : bell_{bell} {}

    Task<Status> reply(Reply reply) override
    {
        EXPECT_FALSE(replied) << "two replies";
        EXPECT_FALSE(streaming) << "a reply after a stream";
        replied = true;
        answer = std::move(reply);
        bell_.ring();
        co_return Status{};
    }
    Task<Status> begin_events(Headers extra) override
    {
        EXPECT_FALSE(replied || streaming) << "a stream after an answer";
        streaming = true;
        answer.headers = std::move(extra);
        bell_.ring();
        co_return state;
    }
    Task<Status> event(std::string_view id, std::string_view data) override
    {
        EXPECT_TRUE(streaming);
        if (state) events.emplace_back(id, data);
        bell_.ring();
        co_return state;
    }
    Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) override
    {
        EXPECT_TRUE(streaming);
        EXPECT_GT(retry.count(), 0);
        if (state) events.emplace_back(id, "");
        bell_.ring();
        co_return state;
    }
    Task<Status> keep_alive() override
    {
        EXPECT_TRUE(streaming);
        ++keep_alives;
        bell_.ring();
        co_return state;
    }

    std::string header(std::string_view name) const
    {
        for (const auto& [key, value] : answer.headers) {
            if (key == name) return value;
        }
        return {};
    }
    /// The one message of a reply, or that of the last event.
    json message() const
    {
        const auto& text = streaming ? events.back().second : answer.body;
        return parse_json(text).value_or(json{});
    }

    bool replied{false};
    bool streaming{false};
    Reply answer;
    std::vector<std::pair<std::string, std::string>> events;
    int keep_alives{0};
    Status state;  // what writing an event comes to

private:
    Bell& bell_;
};

/// Serves `echo`, and tools that fail in every way there is.
class FakeService : public Service {
public:
    explicit FakeService(Bell& bell) : bell_{bell} {}

    std::string instructions() const override { return "use it well"; }

    std::vector<ToolListing> list_tools(const auth::Principal& principal) const override
    {
        ++listings;
        std::vector<ToolListing> tools;
        for (const auto& tool : tools_) {
            if (tool.name != "erase" || principal.identity.subject.view() != "bob") {
                tools.push_back(tool);
            }
        }
        return tools;
    }
    std::string listing_key(ListKind, const auth::Principal& principal) const override
    {
        return principal.identity.subject.str();
    }
    const ToolListing* find_tool(std::string_view name) const override
    {
        for (const auto& tool : tools_) {
            if (tool.name == name) return &tool;
        }
        return nullptr;
    }

    Task<Result<ToolOutcome>> call_tool(Caller& caller,
                                        std::string name,
                                        JsonPart arguments) override
    {
        requests.push_back(caller.request().str());
        if (name == "slow") co_return co_await slow();
        if (name == "throws") throw std::runtime_error{"a bug"};
        co_return quick(name, *arguments);
    }

    void release()
    {
        is_released = true;
        bell_.ring();
    }

    mutable int listings{0};
    int slow_calls{0};
    int slow_ends{0};
    int slow_cancels{0};
    bool is_released{false};
    std::vector<std::string> requests;

private:
    static std::shared_ptr<const json> schema(std::string_view text)
    {
        return std::make_shared<const json>(parse_json(text).value());
    }
    static ToolListing listing(std::string name)
    {
        return {.name = name,
                .title = "The " + name,
                .description = "does " + name,
                .input_schema = schema(R"({"type":"object"})"),
                .output_schema = nullptr,
                .annotations = nullptr};
    }

    static ToolResult result(std::string text, JsonPart structured)
    {
        return {
            .text = std::move(text), .structured = std::move(structured), .more_blocks = nullptr};
    }
    static std::vector<ToolListing> all_tools()
    {
        auto echo = listing("echo");
        echo.output_schema = schema(R"({"type":"object"})");
        echo.annotations = schema(R"({"readOnlyHint":true})");
        auto routed = listing("routed");
        routed.input_schema = schema(
            R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}})");
        return {std::move(echo), listing("erase"), std::move(routed)};
    }

    static Result<ToolOutcome> quick(std::string_view name, const json& arguments)
    {
        if (name == "echo") return result({}, std::make_shared<const json>(arguments));
        if (name == "routed") {
            return result(dump_json(arguments), std::make_shared<const json>(arguments));
        }
        if (name == "list") {
            return result("[1]", schema("[1]"));
        }
        if (name == "fails") {
            auto failed = result("exit 1", nullptr);
            failed.is_error = true;
            return failed;
        }
        if (name == "scoped") {
            return fail(Error{Errc::insufficient_scope, "the token lacks a scope"}.with_detail(
                "host:read host:write"));
        }
        if (name == "denied") return fail(Errc::denied, "the policy says no");
        if (name == "misshapen") return fail(Errc::invalid_argument, "no such shape");
        if (name == "broken") return fail(Errc::internal, "broken");
        return fail(Errc::not_found, "no such tool");
    }

    /// Until release() or a cancellation.
    Task<Result<ToolOutcome>> slow()
    {
        struct End {
            FakeService& service;
            bool in_time{false};
            ~End()
            {
                ++(in_time ? service.slow_ends : service.slow_cancels);
                service.bell_.ring();
            }
        };
        ++slow_calls;
        bell_.ring();
        End end{*this};
        co_await bell_.until([this] { return is_released; });
        end.in_time = true;
        co_return result("slow and done", nullptr);
    }

    Bell& bell_;
    const std::vector<ToolListing> tools_{all_tools()};
};

/// One request under way.
struct Flow {
    explicit Flow(Bell& bell) : exchange{bell} {}
    FakeExchange exchange;
    asio::cancellation_signal hang_up;
    bool is_over{false};
    std::exception_ptr thrown;
};

/// An endpoint with a fake service on one strand.
class Bench {
public:
    explicit Bench(asio::any_io_executor executor, EndpointSettings settings = {})
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

    Inbound inbound(std::string method, Headers headers, std::string body = {})
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
        asio::co_spawn(home_, endpoint.serve(std::move(inbound), flow->exchange),
                       asio::bind_cancellation_slot(flow->hang_up.slot(),
                                                    [this, flow](std::exception_ptr thrown) {
                                                        flow->is_over = true;
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
                                   json id = 1)
    {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json::object();
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = {{"name", "c"}, {"version", "1"}};
        return json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump();
    }
    static Headers modern_headers(std::string method, std::string name = {})
    {
        Headers headers{{"Content-Type", "application/json"},
                        {"Accept", "application/json, text/event-stream"},
                        {"MCP-Protocol-Version", "2026-07-28"},
                        {"Mcp-Method", std::move(method)}};
        if (!name.empty()) headers.emplace_back("Mcp-Name", std::move(name));
        return headers;
    }
    Inbound modern_call(std::string tool, json arguments = json::object(), json id = 1)
    {
        return inbound(
            "POST", modern_headers("tools/call", tool),
            modern_body("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}}, id));
    }

    // Legacy
    Headers legacy_headers() const
    {
        Headers headers{{"Content-Type", "application/json"},
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
                                     {"capabilities", json::object()},
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
    FakeService service;
    Endpoint endpoint;
    std::string subject{"alice"};
    std::string session;

private:
    static EndpointSettings with_names(EndpointSettings settings)
    {
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

/// Runs `body(bench)` on a strand.
template <class F>
void on_bench(F body, EndpointSettings settings = {})
{
    tailops::testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        Bench bench{home, settings};
        co_await body(bench);
        bench.endpoint.end_sessions();
        co_await bench.bell.until([&] { return bench.endpoint.legacy_calls() == 0; });
    });
}

inline int error_code(const json& message)
{
    const auto* error = find_member(message, "error");
    return error ? static_cast<int>(field<std::int64_t>(*error, "code").value_or(0)) : 0;
}

}  // namespace tailops::mcp::testing
