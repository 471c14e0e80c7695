#include "gateway/doors/mcp/methods.hpp"
#include "tests/unit/gateway/doors/mcp/fakes.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

struct Row {
    std::string_view name;
    std::function<Inbound(Bench&)> inbound;
    int status;
    int code;  // 0: a result
};

Inbound with(Bench& bench, http::Headers headers, std::string body)
{
    return bench.inbound("POST", std::move(headers), std::move(body));
}

Inbound ask(Bench& bench, std::string method, json params = json::object())
{
    return with(bench, Bench::modern_headers(method),
                Bench::modern_body(method, std::move(params)));
}

http::Headers without(http::Headers headers, std::string_view name)
{
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return headers;
}

class Modern : public ::testing::TestWithParam<Row> {};

TEST_P(Modern, AnswersWithItsStatusAndCode)
{
    on_bench([&](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(GetParam().inbound(bench));
        const auto& exchange = flow->exchange;
        EXPECT_TRUE(exchange.replied);
        EXPECT_EQ(exchange.answer.status, GetParam().status);
        const auto message = exchange.message();
        EXPECT_EQ(error_code(message), GetParam().code) << exchange.answer.body;
        EXPECT_EQ(exchange.header("Content-Type"), "application/json");
        EXPECT_EQ(text_member(message, "jsonrpc"), "2.0");
        EXPECT_EQ(exchange.header("Mcp-Session-Id"), "");
        if (GetParam().code == -32700) {
            EXPECT_EQ(find_member(message, "id"), nullptr);
        } else if (GetParam().status != 415 && GetParam().status != 405) {
            EXPECT_EQ(field<std::int64_t>(message, "id").value_or(0), 1) << exchange.answer.body;
        }
        if (GetParam().code != 0) co_return;
        // Every result names its kind and its maker.
        const auto result = field<json>(message, "result").value();
        EXPECT_EQ(text_member(result, "resultType"), "complete");
        const auto meta = field<json>(result, "_meta").value();
        const auto server = field<json>(meta, "io.modelcontextprotocol/serverInfo").value();
        EXPECT_EQ(text_member(server, "name"), "tailops-gateway");
        EXPECT_EQ(text_member(server, "version"), "1.2.3");
    });
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    Modern,
    ::testing::ValuesIn(std::vector<Row>{
        {"discover", [](Bench& b) { return ask(b, "server/discover"); }, 200, 0},
        {"list", [](Bench& b) { return ask(b, "tools/list"); }, 200, 0},
        {"call", [](Bench& b) { return b.modern_call("echo"); }, 200, 0},
        {"accepts_html_only",
         [](Bench& b) {
             auto headers = without(Bench::modern_headers("tools/list"), "Accept");
             headers.emplace_back("Accept", "text/html");
             return with(b, headers, Bench::modern_body("tools/list"));
         },
         200, 0},
        {"no_accept",
         [](Bench& b) {
             return with(b, without(Bench::modern_headers("tools/list"), "Accept"),
                         Bench::modern_body("tools/list"));
         },
         200, 0},
        {"failed_tool_is_a_result", [](Bench& b) { return b.modern_call("fails"); }, 200, 0},
        {"denied_is_a_result", [](Bench& b) { return b.modern_call("denied"); }, 200, 0},
        {"unknown_tool", [](Bench& b) { return b.modern_call("nothing"); }, 200, -32602},
        {"misshapen_request", [](Bench& b) { return b.modern_call("misshapen"); }, 200, -32602},
        {"internal", [](Bench& b) { return b.modern_call("broken"); }, 200, -32603},
        {"exception", [](Bench& b) { return b.modern_call("throws"); }, 200, -32603},
        {"insufficient_scope", [](Bench& b) { return b.modern_call("scoped"); }, 403, 403},
        {"name_missing",
         [](Bench& b) {
             return with(b, Bench::modern_headers("tools/call", "x"),
                         Bench::modern_body("tools/call"));
         },
         200, -32602},
        {"arguments_are_a_list", [](Bench& b) { return b.modern_call("echo", json::array()); }, 200,
         -32602},
        {"arguments_are_null", [](Bench& b) { return b.modern_call("echo", nullptr); }, 200,
         -32602},
        {"cursor", [](Bench& b) { return ask(b, "tools/list", {{"cursor", "x"}}); }, 200, -32602},
        {"empty_cursor", [](Bench& b) { return ask(b, "tools/list", {{"cursor", ""}}); }, 200,
         -32602},
        {"unknown_method", [](Bench& b) { return ask(b, "no/such"); }, 404, -32601},
        {"initialize", [](Bench& b) { return ask(b, "initialize"); }, 404, -32601},
        {"ping", [](Bench& b) { return ask(b, "ping"); }, 404, -32601},
        {"set_level", [](Bench& b) { return ask(b, "logging/setLevel"); }, 404, -32601},
        {"subscribe", [](Bench& b) { return ask(b, "resources/subscribe"); }, 404, -32601},
        {"unsubscribe", [](Bench& b) { return ask(b, "resources/unsubscribe"); }, 404, -32601},
        {"content_type",
         [](Bench& b) {
             return with(b, without(Bench::modern_headers("tools/list"), "Content-Type"),
                         Bench::modern_body("tools/list"));
         },
         415, -32600},
        {"parse_error", [](Bench& b) { return with(b, Bench::modern_headers("tools/list"), "{"); },
         400, -32700},
        {"missing_envelope",
         [](Bench& b) {
             return with(b, Bench::modern_headers("tools/list"), Bench::legacy_body("tools/list"));
         },
         400, -32602},
        {"header_mismatch",
         [](Bench& b) {
             return with(b, Bench::modern_headers("tools/call"), Bench::modern_body("tools/list"));
         },
         400, -32020},
        {"mirrored_argument_missing",
         [](Bench& b) { return b.modern_call("routed", {{"region", "eu"}}); }, 400, -32020},
        {"mirrored_argument_absent", [](Bench& b) { return b.modern_call("routed"); }, 200, 0},
        {"put", [](Bench& b) { return b.inbound("PUT", {}); }, 405, -32600},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ModernEndpoint, DiscoversWhatItServes)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(ask(bench, "server/discover"));
        const auto result = field<json>(flow->exchange.message(), "result").value();
        EXPECT_EQ(field<json>(result, "supportedVersions").value().dump(), R"(["2026-07-28"])");
        EXPECT_EQ(field<json>(result, "capabilities").value().dump(),
                  R"({"tools":{"listChanged":true}})");
        EXPECT_EQ(text_member(result, "instructions"), "use it well");
        EXPECT_EQ(text_member(result, "cacheScope"), "private");
        EXPECT_EQ(field<std::int64_t>(result, "ttlMs").value(), 60'000);
    });
}

TEST(ModernEndpoint, EchoesEveryKindOfId)
{
    const std::vector<json> ids{json("a\"é"), json(""), json(-1), json(9223372036854775807)};
    on_bench([&](Bench& bench) -> Task<void> {
        for (const auto& id : ids) {
            const auto flow = co_await bench.serve(bench.modern_call("echo", json::object(), id));
            EXPECT_EQ(field<json>(flow->exchange.message(), "id").value(), id);
        }
    });
}

TEST(ModernEndpoint, RendersTheListOncePerKindOfCaller)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto first = co_await bench.serve(ask(bench, "tools/list"));
        const auto second = co_await bench.serve(ask(bench, "tools/list"));
        EXPECT_EQ(first->exchange.answer.body, second->exchange.answer.body);
        EXPECT_EQ(bench.service.listings, 1);
        const auto tools = [](const Flow& flow) {
            return field<json>(field<json>(flow.exchange.message(), "result").value(), "tools")
                .value();
        };
        EXPECT_EQ(tools(*first).size(), 3U);
        EXPECT_EQ(text_member(tools(*first)[0], "title"), "The echo");
        EXPECT_NE(find_member(tools(*first)[0], "outputSchema"), nullptr);
        bench.subject = "bob";
        const auto other = co_await bench.serve(ask(bench, "tools/list"));
        EXPECT_EQ(tools(*other).size(), 2U);
        EXPECT_EQ(bench.service.listings, 2);
    });
}

TEST(ModernEndpoint, CallsAToolAndShowsItsResultOnce)
{
    const json arguments{{"a", "ü\n"}};
    on_bench([&](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(bench.modern_call("echo", arguments));
        const auto result = field<json>(flow->exchange.message(), "result").value();
        EXPECT_EQ(field<json>(result, "structuredContent").value(), arguments);
        const auto content = field<json>(result, "content").value();
        EXPECT_EQ(content.size(), 1U);
        EXPECT_EQ(text_member(content[0], "type"), "text");
        EXPECT_EQ(text_member(content[0], "text"), R"({"a":"ü\n"})");
        EXPECT_EQ(find_member(result, "isError"), nullptr);
        const auto failed = co_await bench.serve(bench.modern_call("fails"));
        const auto failure = field<json>(failed->exchange.message(), "result").value();
        EXPECT_TRUE(field<bool>(failure, "isError").value());
    });
}

TEST(ModernEndpoint, TakesAbsentArgumentsAsNone)
{
    const auto body = Bench::modern_body("tools/call", {{"name", "echo"}});
    on_bench([&](Bench& bench) -> Task<void> {
        const auto flow =
            co_await bench.serve(with(bench, Bench::modern_headers("tools/call", "echo"), body));
        const auto result = field<json>(flow->exchange.message(), "result").value();
        EXPECT_EQ(field<json>(result, "structuredContent").value(), json::object());
    });
}

TEST(ModernEndpoint, ChallengesForEveryScopeAtOnce)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(bench.modern_call("scoped"));
        EXPECT_EQ(flow->exchange.header("WWW-Authenticate"), "Bearer scope=host:read+host:write+");
    });
}

TEST(ModernEndpoint, AcceptsNotificationsWithoutABody)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(with(
            bench, Bench::modern_headers("notifications/cancelled"),
            R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"));
        EXPECT_EQ(flow->exchange.answer.status, 202);
        EXPECT_EQ(flow->exchange.answer.body, "");
    });
}

TEST(ModernEndpoint, ListsItsMethodsForOthers)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto flow = co_await bench.serve(bench.inbound("PATCH", http::Headers{}));
        EXPECT_EQ(flow->exchange.answer.status, 405);
        EXPECT_EQ(flow->exchange.header("Allow"), "GET, POST, DELETE");
    });
}

TEST(ModernEndpoint, CancelsTheCallWhenTheClientHangsUp)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto flow = bench.start(bench.modern_call("slow"));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 1; });
        flow->hang_up.emit(asio::cancellation_type::terminal);
        co_await bench.end_of(flow);
        EXPECT_EQ(bench.service.slow_cancels, 1);
        EXPECT_FALSE(flow->exchange.replied);
        EXPECT_FALSE(flow->thrown);
    });
}

TEST(ModernEndpoint, TurnsASilentCallIntoAStreamWithKeepAlives)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            const auto flow = bench.start(bench.modern_call("slow"));
            co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 2; });
            bench.service.release();
            co_await bench.end_of(flow);
            EXPECT_EQ(flow->exchange.events.size(), 1U);
            EXPECT_EQ(flow->exchange.events[0].first, "") << "modern events have no ids";
            EXPECT_EQ(error_code(flow->exchange.message()), 0);
            EXPECT_EQ(bench.service.slow_ends, 1);
        },
        {.keep_alive_interval = 2ms});
}

TEST(ModernEndpoint, CancelsAStreamedCallWhenTheClientHangsUp)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            const auto flow = bench.start(bench.modern_call("slow"));
            co_await bench.bell.until([&] { return flow->exchange.keep_alives >= 1; });
            flow->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(flow);
            EXPECT_EQ(bench.service.slow_cancels, 1);
            EXPECT_TRUE(flow->exchange.events.empty());
        },
        {.keep_alive_interval = 2ms});
}

TEST(ModernEndpoint, StaysWithJsonForAClientThatReadsOnlyThat)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            auto inbound = bench.modern_call("slow");
            inbound.headers = without(inbound.headers, "Accept");
            inbound.headers.emplace_back("Accept", "application/json");
            const auto quiet = bench.start(std::move(inbound));
            // Beside it, a call that does stream tells that the interval has passed.
            const auto spoken = bench.start(bench.modern_call("slow"));
            co_await bench.bell.until([&] { return spoken->exchange.keep_alives >= 2; });
            bench.service.release();
            co_await bench.end_of(quiet);
            co_await bench.end_of(spoken);
            EXPECT_TRUE(quiet->exchange.replied);
        },
        {.keep_alive_interval = 2ms});
}

TEST(ModernEndpoint, StreamsToAClientThatReadsOnlyEvents)
{
    const std::vector<std::string> methods{"tools/list", "tools/call"};
    on_bench([&](Bench& bench) -> Task<void> {
        for (const auto& method : methods) {
            auto inbound = method == "tools/call" ? bench.modern_call("echo") : ask(bench, method);
            inbound.headers = without(inbound.headers, "Accept");
            inbound.headers.emplace_back("Accept", "text/event-stream");
            const auto flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(flow->exchange.events.size(), 1U);
            EXPECT_EQ(error_code(flow->exchange.message()), 0);
        }
    });
}

TEST(ModernEndpoint, CountsErasClientsAndErrors)
{
    on_bench([](Bench& bench) -> Task<void> {
        co_await bench.serve(ask(bench, "tools/list"));
        co_await bench.serve(ask(bench, "no/such"));
        co_await bench.open_session("2025-06-18");
        co_await bench.serve(bench.legacy("ping"));
        const auto totals = bench.endpoint.counters().totals();
        EXPECT_EQ(totals.requests[static_cast<std::size_t>(Revision::v2026_07_28)], 2U);
        EXPECT_EQ(totals.requests[static_cast<std::size_t>(Revision::v2025_06_18)], 2U);
        EXPECT_EQ(totals.errors.size(), 1U);
        EXPECT_EQ(totals.errors.at(-32601), 1U);
        EXPECT_EQ(totals.clients.size(), 1U);
        EXPECT_EQ(totals.clients.at("c")[0], 2U);
        EXPECT_EQ(totals.clients.at("c")[1], 2U);
    });
}

TEST(Pace, CountsEachAnswerThatIsAnErrorAndNoOther)
{
    on_bench([](Bench& bench) -> Task<void> {
        const auto counted = [&bench](Inbound inbound) -> Task<int> {
            const auto before = bench.service.admitted;
            co_await bench.serve(std::move(inbound));
            co_return bench.service.admitted - before;
        };
        EXPECT_EQ(co_await counted(ask(bench, "server/discover")), 0);
        EXPECT_EQ(co_await counted(ask(bench, "x/unknown")), 1);
        EXPECT_EQ(co_await counted(with(bench, Bench::modern_headers("tools/list"), "{")), 1);
        EXPECT_EQ(co_await counted(bench.inbound("PUT", {})), 1);
        const auto call = [&](const char* tool) {
            auto headers = Bench::modern_headers("tools/call");
            headers.emplace_back("Mcp-Name", tool);
            return with(bench, std::move(headers),
                        Bench::modern_body("tools/call", {{"name", tool}}));
        };
        EXPECT_EQ(co_await counted(call("echo")), 0) << "the service counts it";
        EXPECT_EQ(co_await counted(call("no-such-tool")), 1);
        EXPECT_EQ(co_await counted(ask(bench, "tools/list")), 1);
    });
}

TEST(Pace, CountsLooksAtTasksAndLetsThemBeCancelled)
{
    EXPECT_EQ(find_method("tasks/get")->pace, Pace::counted);
    EXPECT_EQ(find_method("tasks/update")->pace, Pace::counted);
    EXPECT_EQ(find_method("tasks/cancel")->pace, Pace::free);
    EXPECT_EQ(find_method("ping")->pace, Pace::free);
}

}  // namespace
}  // namespace tailops::mcp::testing
