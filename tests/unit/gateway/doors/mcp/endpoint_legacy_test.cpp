#include "tests/unit/gateway/doors/mcp/fakes.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> revisions{"2025-03-26", "2025-06-18", "2025-11-25"};

json result_of(const Flow& flow)
{
    return field<json>(flow.exchange.message(), "result").value_or(json{});
}

Inbound changed(Inbound inbound, std::string_view header, std::optional<std::string> value)
{
    std::erase_if(inbound.headers, [&](const auto& h) { return h.first == header; });
    if (value) inbound.headers.emplace_back(header, *value);
    return inbound;
}

TEST(LegacyHandshake, SettlesTheRevision)
{
    const std::vector<std::pair<std::string, std::string>> rows{
        {"2025-03-26", "2025-03-26"}, {"2025-06-18", "2025-06-18"}, {"2025-11-25", "2025-11-25"},
        {"2026-07-28", "2025-11-25"}, {"2024-11-05", "2025-11-25"}, {"1.0", "2025-11-25"}};
    on_bench([&](Bench& bench) -> Task<void> {
        for (const auto& [asked, settled] : rows) {
            auto inbound = bench.initialize(asked);
            const auto flow = co_await bench.serve(std::move(inbound));
            const auto result = result_of(*flow);
            EXPECT_EQ(text_member(result, "protocolVersion"), settled);
            EXPECT_EQ(text_member(result, "instructions"), "use it well");
            EXPECT_EQ(field<json>(result, "capabilities").value().dump(),
                      R"({"tools":{"listChanged":true}})");
            EXPECT_NE(find_member(result, "serverInfo"), nullptr);
            EXPECT_EQ(find_member(result, "resultType"), nullptr);
            const auto id = flow->exchange.header("Mcp-Session-Id");
            EXPECT_GE(id.size(), 22U);
            for (const char c : id) EXPECT_TRUE(c >= 0x21 && c <= 0x7E);
        }
    });
}

TEST(LegacyHandshake, IsCountedUnderTheRevisionThatItSettles)
{
    on_bench([&](Bench& bench) -> Task<void> {
        for (const std::string revision : {"2025-03-26", "2025-03-26", "2025-06-18", "1.0"}) {
            auto inbound = bench.initialize(revision);
            co_await bench.serve(std::move(inbound));
        }
        const auto requests = bench.endpoint.counters().totals().requests;
        const auto count = [&](Revision revision) {
            return requests[static_cast<std::size_t>(revision)];
        };
        EXPECT_EQ(count(Revision::v2025_03_26), 2U);
        EXPECT_EQ(count(Revision::v2025_06_18), 1U);
        EXPECT_EQ(count(newest_legacy), 1U) << "what it settles with a client of another one";
    });
}

TEST(LegacyHandshake, RefusesParamsOfTheWrongShapeInBand)
{
    const std::vector<json> shapes{json::object(), json{{"protocolVersion", 1}},
                                   json{{"protocolVersion", "2025-11-25"}, {"capabilities", 1}}};
    on_bench([&](Bench& bench) -> Task<void> {
        for (const auto& params : shapes) {
            const auto flow = co_await bench.serve(bench.legacy("initialize", params));
            EXPECT_EQ(flow->exchange.answer.status, 200);
            EXPECT_EQ(error_code(flow->exchange.message()), -32602);
            EXPECT_EQ(flow->exchange.header("Mcp-Session-Id"), "");
        }
    });
}

json id_of(const json& message)
{
    return field<json>(message, "id").value_or(json{});
}

struct Row {
    std::string_view name;
    std::function<Inbound(Bench&)> inbound;
    int status;
    int code;  // 0: no error
};

class Legacy : public ::testing::TestWithParam<Row> {};

TEST_P(Legacy, AnswersWithItsStatusAndCode)
{
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto flow = co_await bench.serve(GetParam().inbound(bench));
        EXPECT_EQ(flow->exchange.answer.status, GetParam().status);
        if (flow->exchange.answer.body.empty()) {
            EXPECT_EQ(GetParam().code, 0);
            co_return;
        }
        const auto message = flow->exchange.message();
        EXPECT_EQ(error_code(message), GetParam().code) << flow->exchange.answer.body;
        if (GetParam().inbound(bench).body.find("\"id\":1") != std::string::npos) {
            EXPECT_EQ(id_of(message), 1) << "its id could be read";
        } else {
            EXPECT_EQ(find_member(message, "id"), nullptr);
        }
        const auto result = result_of(*flow);
        EXPECT_EQ(find_member(result, "resultType"), nullptr);
        EXPECT_EQ(find_member(result, "ttlMs"), nullptr);
        EXPECT_EQ(find_member(result, "_meta"), nullptr);
    });
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    Legacy,
    ::testing::ValuesIn(std::vector<Row>{
        {"ping", [](Bench& b) { return b.legacy("ping"); }, 200, 0},
        {"list", [](Bench& b) { return b.legacy("tools/list"); }, 200, 0},
        {"call", [](Bench& b) { return b.legacy_call("echo"); }, 200, 0},
        {"denied", [](Bench& b) { return b.legacy_call("denied"); }, 200, 0},
        {"unknown_tool", [](Bench& b) { return b.legacy_call("nothing"); }, 200, -32602},
        {"exception", [](Bench& b) { return b.legacy_call("throws"); }, 200, -32603},
        {"insufficient_scope", [](Bench& b) { return b.legacy_call("scoped"); }, 403, 403},
        {"unknown_method", [](Bench& b) { return b.legacy("no/such"); }, 200, -32601},
        {"modern_method", [](Bench& b) { return b.legacy("server/discover"); }, 200, -32601},
        {"cursor", [](Bench& b) { return b.legacy("tools/list", {{"cursor", "x"}}); }, 200, -32602},
        {"initialized", [](Bench& b) { return b.notification("notifications/initialized"); }, 202,
         0},
        {"unknown_notification", [](Bench& b) { return b.notification("notifications/x"); }, 202,
         0},
        {"cancel_of_nothing",
         [](Bench& b) { return b.notification("notifications/cancelled", {{"requestId", 9}}); },
         202, 0},
        {"response",
         [](Bench& b) {
             return b.inbound("POST", b.legacy_headers(),
                              R"({"jsonrpc":"2.0","id":1,"result":{}})");
         },
         202, 0},
        {"no_session", [](Bench& b) { return changed(b.legacy("ping"), "Mcp-Session-Id", {}); },
         400, -32600},
        {"notification_without_session",
         [](Bench& b) {
             return changed(b.notification("notifications/initialized"), "Mcp-Session-Id", {});
         },
         400, -32600},
        {"unknown_session",
         [](Bench& b) { return changed(b.legacy("ping"), "Mcp-Session-Id", "nope"); }, 404, -32600},
        {"session_twice",
         [](Bench& b) {
             auto inbound = b.legacy("ping");
             inbound.headers.emplace_back("Mcp-Session-Id", "other");
             return inbound;
         },
         400, -32600},
        {"settled_version",
         [](Bench& b) { return changed(b.legacy("ping"), "MCP-Protocol-Version", "2025-11-25"); },
         200, 0},
        {"other_supported_version",
         [](Bench& b) { return changed(b.legacy("ping"), "MCP-Protocol-Version", "2025-06-18"); },
         200, 0},
        {"initialize_with_settled_version",
         [](Bench& b) {
             return changed(b.initialize("2025-11-25"), "MCP-Protocol-Version", "2025-11-25");
         },
         200, 0},
        {"initialize_with_invalid_version",
         [](Bench& b) {
             return changed(b.initialize("2025-11-25"), "MCP-Protocol-Version",
                            "invalid-protocol-version");
         },
         400, -32600},
        {"initialize_with_old_version",
         [](Bench& b) {
             return changed(b.initialize("2025-11-25"), "MCP-Protocol-Version", "2000-01-01");
         },
         400, -32600},
        {"invalid_version",
         [](Bench& b) {
             return changed(b.legacy("ping"), "MCP-Protocol-Version", "invalid-protocol-version");
         },
         400, -32600},
        {"old_version",
         [](Bench& b) { return changed(b.legacy("ping"), "MCP-Protocol-Version", "2000-01-01"); },
         400, -32600},
        {"modern_version_without_envelope",
         [](Bench& b) { return changed(b.legacy("ping"), "MCP-Protocol-Version", "2026-07-28"); },
         400, -32602},
        {"accepts_html", [](Bench& b) { return changed(b.legacy("ping"), "Accept", "text/html"); },
         406, -32600},
        {"accepts_anything", [](Bench& b) { return changed(b.legacy("ping"), "Accept", "*/*"); },
         200, 0},
        {"accepts_json",
         [](Bench& b) { return changed(b.legacy("ping"), "Accept", "application/json"); }, 200, 0},
        {"batch_after_2025_06_18",
         [](Bench& b) {
             return b.inbound("POST", b.legacy_headers(), '[' + Bench::legacy_body("ping") + ']');
         },
         400, -32600},
        {"get_without_session",
         [](Bench& b) { return b.inbound("GET", {{"Accept", "text/event-stream"}}); }, 400, -32600},
        {"get_of_json",
         [](Bench& b) {
             return changed(b.inbound("GET", b.legacy_headers()), "Accept", "application/json");
         },
         406, -32600},
        {"get_unknown_session",
         [](Bench& b) {
             return changed(b.inbound("GET", b.legacy_headers()), "Mcp-Session-Id", "nope");
         },
         404, -32600},
        {"get_of_no_stream",
         [](Bench& b) {
             return changed(b.inbound("GET", b.legacy_headers()), "Last-Event-ID", "77-1");
         },
         400, -32600},
        {"get_of_no_event",
         [](Bench& b) {
             return changed(b.inbound("GET", b.legacy_headers()), "Last-Event-ID", "x");
         },
         400, -32600},
        {"delete_without_session", [](Bench& b) { return b.inbound("DELETE", {}); }, 400, -32600},
        {"delete_unknown",
         [](Bench& b) { return b.inbound("DELETE", {{"Mcp-Session-Id", "nope"}}); }, 404, -32600},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(LegacySession, EndsWithDelete)
{
    const std::vector<std::string> methods{"DELETE", "GET"};
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto stream = bench.start(bench.inbound("GET", bench.legacy_headers()));
        const auto gone = co_await bench.serve(bench.inbound("DELETE", bench.legacy_headers()));
        EXPECT_EQ(gone->exchange.answer.status, 204);
        co_await bench.end_of(stream);
        for (const auto& method : methods) {
            const auto after = co_await bench.serve(bench.inbound(method, bench.legacy_headers()));
            EXPECT_EQ(after->exchange.answer.status, 404);
        }
        const auto post = co_await bench.serve(bench.legacy("ping"));
        EXPECT_EQ(post->exchange.answer.status, 404);
    });
}

TEST(LegacySession, IsUnknownToAnotherPrincipal)
{
    const std::vector<std::string> methods{"POST", "GET", "DELETE"};
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session();
        bench.subject = "bob";
        for (const auto& method : methods) {
            const auto flow = co_await bench.serve(
                bench.inbound(method, bench.legacy_headers(), Bench::legacy_body("ping")));
            EXPECT_EQ(flow->exchange.answer.status, 404);
        }
        bench.subject = "alice";
        const auto flow = co_await bench.serve(bench.legacy("ping"));
        EXPECT_EQ(flow->exchange.answer.status, 200);
    });
}

TEST(LegacySession, ExpiresWhenIdle)
{
    on_bench(
        [](Bench& bench) -> Task<void> {
            co_await bench.open_session();
            bench.clock.advance(59s);
            auto flow = co_await bench.serve(bench.legacy("ping"));
            EXPECT_EQ(flow->exchange.answer.status, 200);
            bench.clock.advance(59s);
            flow = co_await bench.serve(bench.legacy("ping"));
            EXPECT_EQ(flow->exchange.answer.status, 200);
            bench.clock.advance(60s);
            flow = co_await bench.serve(bench.legacy("ping"));
            EXPECT_EQ(flow->exchange.answer.status, 404);
        },
        {.session_idle_timeout = 60s});
}

TEST(LegacySession, KeepsTheWireOfItsRevision)
{
    on_bench([](Bench& bench) -> Task<void> {
        for (const auto& revision : revisions) {
            const bool old = revision == "2025-03-26";
            co_await bench.open_session(revision);
            auto flow = co_await bench.serve(bench.legacy("tools/list"));
            const auto tools = field<json>(result_of(*flow), "tools").value();
            EXPECT_EQ(find_member(tools[0], "title") == nullptr, old);
            EXPECT_EQ(find_member(tools[0], "outputSchema") == nullptr, old);
            EXPECT_NE(find_member(tools[0], "annotations"), nullptr);
            flow = co_await bench.serve(bench.legacy_call("echo"));
            EXPECT_EQ(find_member(result_of(*flow), "structuredContent") == nullptr, old);
            // Only objects were structured results then.
            flow = co_await bench.serve(bench.legacy_call("list"));
            EXPECT_EQ(find_member(result_of(*flow), "structuredContent"), nullptr);
        }
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
