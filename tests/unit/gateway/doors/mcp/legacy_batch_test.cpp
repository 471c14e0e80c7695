#include "gateway/core/request_id.hpp"
#include "gateway/core/trace_context.hpp"
#include "gateway/runs/run_record.hpp"
#include "tests/unit/gateway/doors/mcp/fakes.hpp"

#include <map>
#include <set>

namespace tailops::mcp::testing {
namespace {

json id_of(const json& message)
{
    return field<json>(message, "id").value_or(json{});
}

Inbound with_header(Inbound inbound, std::string_view header, std::string value)
{
    std::erase_if(inbound.headers, [&](const auto& h) { return h.first == header; });
    inbound.headers.emplace_back(header, std::move(value));
    return inbound;
}

std::string echo_body(const json& id)
{
    return Bench::legacy_body("tools/call", {{"name", "echo"}}, id);
}

TEST(LegacyBatch, IsAnsweredAsAnArray)
{
    const auto body = '[' + Bench::legacy_body("ping", json::object(), 1) + ',' +
                      R"({"jsonrpc":"2.0","method":"notifications/x"},)" + echo_body("two") + ',' +
                      Bench::legacy_body("no/such", json::object(), 3) + ']';
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session("2025-03-26");
        const auto flow = co_await bench.serve(bench.inbound("POST", bench.legacy_headers(), body));
        const auto answers = flow->exchange.message();
        EXPECT_EQ(answers.size(), 3U);
        std::set<std::string> ids;
        for (const auto& answer : answers) ids.insert(field<json>(answer, "id").value().dump());
        EXPECT_TRUE(ids.contains("1") && ids.contains("\"two\"") && ids.contains("3"));
    });
}

TEST(LegacyBatch, GivesEachCallItsOwnIdInTheTrail)
{
    const auto body = '[' + echo_body(1) + ',' + echo_body(2) + ']';
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session("2025-03-26");
        co_await bench.serve(bench.inbound("POST", bench.legacy_headers(), body));
        EXPECT_EQ(bench.service.requests.size(), 2U);
        EXPECT_NE(bench.service.requests[0], bench.service.requests[1]);
    });
}

TEST(LegacyBatch, GivesEachCallAnIdThatNamesItsRunAndItsSpan)
{
    const auto body = '[' + echo_body(1) + ',' + echo_body(2) + ',' + echo_body(3) + ']';
    const auto trace =
        read_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", {});
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session("2025-03-26");
        auto inbound = bench.inbound("POST", bench.legacy_headers(), body);
        inbound.id = mint_request_id();
        co_await bench.serve(std::move(inbound));
        std::set<std::string> spans;
        for (const auto& id : bench.service.requests) {
            EXPECT_TRUE(runs::is_run_id(id)) << id;
            spans.insert(traceparent_of(*trace, id));
        }
        EXPECT_EQ(spans.size(), 3U);
        EXPECT_FALSE(spans.contains("")) << "an id that makes no span";
    });
}

/// The codes of the answers in an array by their ids; "none" for those that have none.
std::multimap<std::string, int> codes_by_id(const json& answers)
{
    std::multimap<std::string, int> codes;
    EXPECT_TRUE(answers.is_array()) << answers;
    for (const auto& answer : answers) {
        const auto id = id_of(answer);
        codes.emplace(id.is_null() ? "none" : id.dump(), error_code(answer));
    }
    return codes;
}

TEST(LegacyBatch, AnswersEachElementThatIsNoMessageAndServesTheRest)
{
    const auto body = "[1," + Bench::legacy_body("ping", json::object(), 2) +
                      R"(,{"jsonrpc":"2.0","id":3,"method":7},{"foo":"bar"},)" + echo_body(4) +
                      R"(,{"jsonrpc":"1.0","id":"five","method":"ping"}])";
    const std::multimap<std::string, int> codes{{"2", 0},         {"3", -32600},
                                                {"4", 0},         {"\"five\"", -32600},
                                                {"none", -32600}, {"none", -32600}};
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session("2025-03-26");
        auto inbound = bench.inbound("POST", bench.legacy_headers(), body);
        auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(flow->exchange.answer.status, 200);
        EXPECT_EQ(codes_by_id(flow->exchange.message()), codes);
        inbound = bench.inbound("POST", bench.legacy_headers(), "[1,2]");
        flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(codes_by_id(flow->exchange.message()).count("none"), 2U);
        co_await bench.open_session("2025-06-18");
        inbound = bench.inbound("POST", bench.legacy_headers(), "[1,2]");
        flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(flow->exchange.answer.status, 400);
        EXPECT_EQ(error_code(flow->exchange.message()), -32600);
    });
}

TEST(LegacyBatch, ThatIsRefusedGetsAnErrorForEachRequest)
{
    const auto two = '[' + Bench::legacy_body("ping", json::object(), 1) +
                     R"(,{"jsonrpc":"2.0","method":"notifications/x"},)" + echo_body("two") + ']';
    const std::multimap<std::string, int> codes{{"1", -32600}, {"\"two\"", -32600}};
    on_bench(
        [&](Bench& bench) -> Task<void> {
            co_await bench.open_session("2025-03-26");
            auto inbound = bench.inbound("POST", bench.legacy_headers(), two);
            auto flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(flow->exchange.answer.status, 400) << "it is longer than batch_max";
            EXPECT_EQ(codes_by_id(flow->exchange.message()), codes);
            inbound = with_header(bench.inbound("POST", bench.legacy_headers(), two),
                                  "Mcp-Session-Id", "nope");
            flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(flow->exchange.answer.status, 404);
            EXPECT_EQ(codes_by_id(flow->exchange.message()), codes);
            // Later revisions know no arrays: one error, which can name no one of several requests.
            co_await bench.open_session("2025-06-18");
            inbound = bench.inbound("POST", bench.legacy_headers(), two);
            flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(error_code(flow->exchange.message()), -32600);
            EXPECT_EQ(find_member(flow->exchange.message(), "id"), nullptr);
        },
        {.batch_max = 2});
}

TEST(LegacyBatch, ThatIsStoppedIsErrorsToAClientThatReadsOnlyJson)
{
    const auto slow = [](int id) {
        return Bench::legacy_body("tools/call", {{"name", "slow"}}, id);
    };
    const auto body = '[' + slow(1) + ',' + slow(2) + ']';
    const std::multimap<std::string, int> codes{{"1", -32800}, {"2", -32800}};
    on_bench([&](Bench& bench) -> Task<void> {
        co_await bench.open_session("2025-03-26");
        auto inbound = with_header(bench.inbound("POST", bench.legacy_headers(), body), "Accept",
                                   "application/json");
        const auto flow = bench.start(std::move(inbound));
        co_await bench.bell.until([&] { return bench.service.slow_calls == 2; });
        co_await bench.serve(bench.cancelled(1));
        co_await bench.serve(bench.cancelled(2));
        co_await bench.end_of(flow);
        EXPECT_EQ(codes_by_id(flow->exchange.message()), codes);
    });
}

TEST(LegacyBatch, HasItsLimits)
{
    const auto ping = Bench::legacy_body("ping");
    const auto initialize = Bench::legacy_body("initialize", {{"protocolVersion", "2025-03-26"}});
    const auto note = std::string{R"({"jsonrpc":"2.0","method":"notifications/x"})"};
    const std::vector<std::pair<std::string, int>> rows{
        {'[' + ping + ',' + ping + ']', 200},
        {'[' + ping + ',' + ping + ',' + ping + ']', 400},
        {'[' + initialize + ']', 400},
        {'[' + note + ',' + note + ']', 202}};
    on_bench(
        [&](Bench& bench) -> Task<void> {
            co_await bench.open_session("2025-03-26");
            for (const auto& [body, status] : rows) {
                const auto flow =
                    co_await bench.serve(bench.inbound("POST", bench.legacy_headers(), body));
                EXPECT_EQ(flow->exchange.answer.status, status) << body;
            }
        },
        {.batch_max = 2});
}

}  // namespace
}  // namespace tailops::mcp::testing
