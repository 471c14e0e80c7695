#include "gateway/mcp/line_client.hpp"

#include "gateway/mcp/errors.hpp"
#include "tests/unit/gateway/mcp/fakes.hpp"

#include <deque>

namespace tailops::mcp::testing {
namespace {

/// The client's side of the lines, in memory.
class FakeLines : public Lines {
public:
    explicit FakeLines(Bell& bell) : bell_{bell} {}

    Task<Result<std::optional<std::string>>> read() override
    {
        co_await bell_.until([this] { return !sent_.empty() || is_closed; });
        if (sent_.empty()) co_return std::optional<std::string>{};
        auto line = std::move(sent_.front());
        sent_.pop_front();
        if (line == too_long) co_return fail(Errc::invalid_argument, "the line is too long");
        co_return std::optional{std::move(line)};
    }
    Task<Status> write(std::string line) override
    {
        EXPECT_EQ(line.find('\n'), std::string::npos);
        auto message = parse_json(line);
        EXPECT_TRUE(message) << line;
        if (message) heard.push_back(*std::move(message));
        bell_.ring();
        co_return Status{};
    }
    void close() override
    {
        is_closed = true;
        bell_.ring();
    }

    void say(std::string line)
    {
        sent_.push_back(std::move(line));
        bell_.ring();
    }
    /// The response to `id`, or the newest message of that method.
    const json* find(const json& wanted) const
    {
        for (const auto& message : heard) {
            const auto* id = find_member(message, wanted.is_string() ? "method" : "id");
            if (id && *id == wanted) return &message;
        }
        return nullptr;
    }

    static constexpr std::string_view too_long = "(too long)";
    std::vector<json> heard;
    bool is_closed{false};

private:
    Bell& bell_;
    std::deque<std::string> sent_;
};

/// A client at the other end of an endpoint's lines.
struct Wire {
    explicit Wire(Bench& around, std::size_t requests_max = 64)
        : bench{around},
          lines{around.bell},
          client{std::make_shared<LineClient>(
              around.endpoint,
              lines,
              LineClient::Settings{.admit = [] { return Bench::principal("alice"); },
                                   .requests_max = requests_max})}
    {
    }

    Task<void> start()
    {
        const auto home = co_await asio::this_coro::executor;
        asio::co_spawn(home, client->run(), [this](std::exception_ptr thrown) {
            EXPECT_FALSE(thrown);
            is_over = true;
            bench.bell.ring();
        });
    }
    Task<const json*> answer_to(json wanted)
    {
        co_await bench.bell.until([&] { return lines.find(wanted) != nullptr; });
        co_return lines.find(wanted);
    }
    Task<void> end()
    {
        lines.close();
        co_await bench.bell.until([&] { return is_over; });
    }

    Bench& bench;
    FakeLines lines;
    std::shared_ptr<LineClient> client;
    bool is_over{false};
};

std::string call(std::string_view tool, json id)
{
    return Bench::modern_body("tools/call", {{"name", tool}, {"arguments", json::object()}},
                              std::move(id));
}

std::string cancelled(json id)
{
    return json{{"jsonrpc", "2.0"},
                {"method", "notifications/cancelled"},
                {"params", {{"requestId", std::move(id)}}}}
        .dump();
}

std::string initialize()
{
    json params;
    params["protocolVersion"] = "2025-11-25";
    params["capabilities"] = json::object();
    params["clientInfo"] = {{"name", "c"}, {"version", "1"}};
    return Bench::legacy_body("initialize", std::move(params), 1);
}

void on_wire(std::function<Task<void>(Wire&)> body, std::size_t requests_max = 64)
{
    on_bench([&](Bench& bench) -> Task<void> {
        Wire wire{bench, requests_max};
        co_await wire.start();
        co_await body(wire);
        bench.service.release();
        co_await wire.end();
    });
}

TEST(LineClient, ServesAModernClientWithoutAnyHeader)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(Bench::modern_body("server/discover"));
        wire.lines.say("  ");
        wire.lines.say(call("routed", 2));
        const auto* discovered = co_await wire.answer_to(1);
        EXPECT_NE(find_member(*discovered, "result"), nullptr) << *discovered;
        const auto* called = co_await wire.answer_to(2);
        EXPECT_NE(find_member(*called, "result"), nullptr) << *called;
    });
}

TEST(LineClient, RefusesWhatIsNoMessageAndGoesOn)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say("{");
        wire.lines.say(std::string{FakeLines::too_long});
        wire.lines.say(Bench::legacy_body("tools/list", json::object(), 3));
        wire.lines.say(call("echo", 4));
        const auto* early = co_await wire.answer_to(3);
        EXPECT_EQ(error_code(*early), code::invalid_request);
        co_await wire.answer_to(4);
        std::vector<int> codes;
        for (const auto& message : wire.lines.heard) {
            if (!find_member(message, "id")) codes.push_back(error_code(message));
        }
        EXPECT_EQ(codes, (std::vector{code::parse_error, code::invalid_request}));
    });
}

TEST(LineClient, AnswersNothingToWhatAsksForNothing)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})");
        wire.lines.say(R"({"jsonrpc":"2.0","id":7,"result":{}})");
        wire.lines.say(cancelled(9));
        wire.lines.say(call("echo", 1));
        co_await wire.answer_to(1);
        EXPECT_EQ(wire.lines.heard.size(), 1U);
    });
}

TEST(LineClient, RefusesAVersionThatItDoesNotSpeak)
{
    on_wire([](Wire& wire) -> Task<void> {
        auto body = parse_json(Bench::modern_body("tools/list", json::object(), 1)).value();
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01";
        wire.lines.say(body.dump());
        const auto* answer = co_await wire.answer_to(1);
        EXPECT_EQ(error_code(*answer), code::unsupported_version);
    });
}

TEST(LineClient, AnswersOutOfOrderWhileACallRuns)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        wire.lines.say(call("echo", 2));
        co_await wire.answer_to(2);
        EXPECT_EQ(wire.lines.find(1), nullptr);
        wire.bench.service.release();
        co_await wire.answer_to(1);
    });
}

TEST(LineClient, SaysNothingMoreOfACancelledRequest)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.say(cancelled(7));
        wire.lines.say(cancelled(1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_cancels == 1; });
        wire.lines.say(call("echo", 2));
        co_await wire.answer_to(2);
        EXPECT_EQ(wire.lines.find(1), nullptr);
    });
}

TEST(LineClient, RefusesMoreRequestsThanItsBound)
{
    on_wire(
        [](Wire& wire) -> Task<void> {
            wire.lines.say(call("slow", 1));
            wire.lines.say(call("echo", 2));
            const auto* refused = co_await wire.answer_to(2);
            EXPECT_EQ(error_code(*refused), code::internal_error);
        },
        1);
}

TEST(LineClient, OpensASessionForALegacyClientAndTellsItOfChanges)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize());
        wire.lines.say(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
        wire.lines.say(Bench::legacy_body("tools/list", json::object(), 2));
        const auto* listed = co_await wire.answer_to(2);
        EXPECT_NE(find_member(*listed, "result"), nullptr) << *listed;
        wire.bench.endpoint.publish(change::Tools{});
        co_await wire.answer_to("notifications/tools/list_changed");
    });
}

TEST(LineClient, CancelsALegacyCallThroughItsSession)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(initialize());
        wire.lines.say(Bench::legacy_body("tools/call", {{"name", "slow"}}, 2));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.say(cancelled(2));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_cancels == 1; });
        wire.lines.say(Bench::legacy_body("ping", json::object(), 3));
        co_await wire.answer_to(3);
        EXPECT_EQ(wire.lines.find(2), nullptr);
    });
}

TEST(LineClient, FinishesTheCallsUnderWayWhenTheInputEnds)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        wire.lines.close();
        wire.bench.service.release();
        co_await wire.answer_to(1);
    });
}

TEST(LineClient, CancelsTheCallsUnderWayWhenStopped)
{
    on_wire([](Wire& wire) -> Task<void> {
        wire.lines.say(call("slow", 1));
        co_await wire.bench.bell.until([&] { return wire.bench.service.slow_calls == 1; });
        co_await wire.client->stop();
        EXPECT_EQ(wire.bench.service.slow_cancels, 1);
        EXPECT_TRUE(wire.lines.is_closed);
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
