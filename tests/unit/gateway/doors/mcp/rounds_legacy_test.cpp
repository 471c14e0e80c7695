#include "tests/unit/gateway/doors/mcp/legacy_asking.hpp"

#include <set>

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const json forms{{"elicitation", json::object()}};
const json forms_and_urls{{"elicitation", {{"form", json::object()}, {"url", json::object()}}}};

json request(std::string_view method, json params = json::object())
{
    return {{"method", method}, {"params", std::move(params)}};
}
json url_question()
{
    return request("elicitation/create",
                   {{"mode", "url"}, {"message", "go"}, {"url", "https://x.example"}});
}
json one_round(json question)
{
    json rounds = json::array();
    rounds.push_back(json{{"key", std::move(question)}});
    return {{"rounds", std::move(rounds)}};
}

bool is_error_result(const Flow& flow)
{
    return field<bool>(result_of(flow.exchange.message()), "isError").value_or(false);
}

/// What a client of `revision` is sent for `question`; null when it is not asked.
Task<json> sent_question(CatalogBench& bench, std::string revision, json question)
{
    co_await bench.open_session(revision);
    auto flow = call(bench, "asks", one_round(std::move(question)));
    const auto sent = co_await message_at(bench, flow, 0);
    if (sent.is_null() || text_member(sent, "method").empty()) {
        co_await bench.end_of(flow);
        EXPECT_TRUE(is_error_result(*flow));
        co_return json{};
    }
    json refusal{{"code", -1}, {"message", "no"}};
    co_await respond(bench, sent, "error", std::move(refusal));
    co_await bench.end_of(flow);
    co_return sent;
}

TEST(LegacyRounds, AskOnTheStreamOfTheCallAndGoOnWithTheAnswer)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto flow = call(bench, "asks", FakeCatalog::rounds_of({"a", "b"}));
        std::set<std::string> ids;
        for (std::size_t round = 0; round < 2; ++round) {
            const auto question = co_await message_at(bench, flow, round);
            EXPECT_EQ(text_member(question, "method"), "elicitation/create");
            ids.insert(field<json>(question, "id").value_or(json{}).dump());
            auto answer = FakeCatalog::accepted("bob");
            const auto status = co_await respond(bench, question, "result", std::move(answer));
            EXPECT_EQ(status, 202);
        }
        co_await bench.end_of(flow);
        EXPECT_EQ(ids.size(), 2U) << "each question has an id of its own";
        const auto result = result_of(flow->exchange.message());
        const auto shown = field<json>(result, "structuredContent").value_or(json{});
        const json answers{{"a", FakeCatalog::accepted("bob")},
                           {"b", FakeCatalog::accepted("bob")}};
        EXPECT_EQ(field<json>(shown, "answers").value_or(json{}), answers);
        EXPECT_EQ(find_member(result, "resultType"), nullptr);
    });
}

TEST(LegacyRounds, WriteAFormAsEachRevisionKnowsIt)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        const auto oldest = co_await sent_question(bench, "2025-03-26", FakeCatalog::form());
        EXPECT_TRUE(oldest.is_null()) << "it does not know elicitation";
        const auto older = co_await sent_question(bench, "2025-06-18", FakeCatalog::form());
        EXPECT_EQ(field<json>(older, "params").value_or(json{}).dump(), R"({"message":"who?"})");
        const auto newest = co_await sent_question(bench, "2025-11-25", FakeCatalog::form());
        EXPECT_EQ(field<json>(newest, "params").value_or(json{}).dump(),
                  R"({"message":"who?","mode":"form"})");
    });
}

TEST(LegacyRounds, SendAUrlOnlySince20251125AndToThoseWhoDeclareIt)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms_and_urls;
        const auto older = co_await sent_question(bench, "2025-06-18", url_question());
        EXPECT_TRUE(older.is_null());
        const auto newest = co_await sent_question(bench, "2025-11-25", url_question());
        const auto params = field<json>(newest, "params").value_or(json{});
        EXPECT_EQ(text_member(params, "mode"), "url");
        EXPECT_FALSE(text_member(params, "elicitationId").empty());
        bench.capabilities = forms;
        const auto undeclared = co_await sent_question(bench, "2025-11-25", url_question());
        EXPECT_TRUE(undeclared.is_null());
    });
}

TEST(LegacyRounds, AskForRootsAndSamplingInEveryRevision)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        for (const std::string revision : {"2025-03-26", "2025-06-18", "2025-11-25"}) {
            for (const std::string method : {"roots/list", "sampling/createMessage"}) {
                bench.capabilities = {{method.substr(0, method.find('/')), json::object()}};
                const auto sent = co_await sent_question(bench, revision, request(method));
                EXPECT_EQ(text_member(sent, "method"), method) << revision;
                bench.capabilities = forms;
                const auto none = co_await sent_question(bench, revision, request(method));
                EXPECT_TRUE(none.is_null()) << revision << method;
            }
        }
    });
}

/// What a client may send back, and whether the call goes on with it.
struct Response {
    std::string_view name;
    std::string member;
    json value;
    int code;       // of the call's answer; 0: a result
    bool is_error;  // of that result
};
class LegacyResponse : public ::testing::TestWithParam<Response> {};

TEST_P(LegacyResponse, EndsTheQuestion)
{
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto flow = call(bench, "asks", one_round(FakeCatalog::form()));
        const auto question = co_await message_at(bench, flow, 0);
        auto value = GetParam().value;
        const auto status = co_await respond(bench, question, GetParam().member, std::move(value));
        EXPECT_EQ(status, 202);
        co_await bench.end_of(flow);
        EXPECT_EQ(error_code(flow->exchange.message()), GetParam().code);
        EXPECT_EQ(is_error_result(*flow), GetParam().is_error);
        EXPECT_EQ(bench.service.turns, GetParam().code == 0 && !GetParam().is_error ? 2 : 1);
    });
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    LegacyResponse,
    ::testing::ValuesIn(std::vector<Response>{
        {"accepted", "result", FakeCatalog::accepted("bob"), 0, false},
        {"declined", "result", {{"action", "decline"}}, 0, false},
        {"cancelled", "result", {{"action", "cancel"}}, 0, false},
        {"of_no_action", "result", json::object(), -32602, false},
        {"of_another_action", "result", {{"action", "nod"}}, -32602, false},
        {"with_content_that_is_no_object",
         "result",
         {{"action", "accept"}, {"content", "bob"}},
         -32602,
         false},
        {"an_error", "error", {{"code", -32601}, {"message", "no\nsuch"}}, 0, true},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(LegacyRounds, PassOverResponsesToWhatWasNotAsked)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        const auto asking = bench.session;
        auto flow = call(bench, "asks", one_round(FakeCatalog::form()));
        const auto question = co_await message_at(bench, flow, 0);
        json stray = question;
        stray["id"] = "another";
        auto answer = FakeCatalog::accepted("stray");
        auto status = co_await respond(bench, stray, "result", answer);
        EXPECT_EQ(status, 202);
        co_await bench.open_session();
        status = co_await respond(bench, question, "result", answer);
        EXPECT_EQ(status, 202) << "of another session, to an id that is none there";
        EXPECT_FALSE(flow->is_over);
        bench.session = asking;
        auto own = FakeCatalog::accepted("own");
        co_await respond(bench, question, "result", std::move(own));
        co_await bench.end_of(flow);
        EXPECT_NE(flow->exchange.events.back().second.find("own"), std::string::npos);
        EXPECT_EQ(flow->exchange.events.back().second.find("stray"), std::string::npos);
    });
}

TEST(LegacyRounds, EndWithTheSession)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto flow = call(bench, "asks", one_round(FakeCatalog::form()));
        co_await message_at(bench, flow, 0);
        auto inbound = bench.inbound("DELETE", bench.legacy_headers());
        co_await bench.serve(std::move(inbound));
        co_await bench.end_of(flow);
        EXPECT_EQ(bench.service.turns, 1);
        EXPECT_EQ(messages(*flow).size(), 1U) << "a call that ended so is not answered";
    });
}

TEST(LegacyRounds, AreResumedByAClientThatComesBack)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto broken = call(bench, "asks", one_round(FakeCatalog::form()));
        const auto question = co_await message_at(bench, broken, 0);
        const auto last = broken->exchange.events.back().first;
        broken->hang_up.emit(asio::cancellation_type::terminal);
        co_await bench.end_of(broken);
        EXPECT_EQ(bench.endpoint.legacy_calls(), 1U) << "the question still stands";
        auto answer = FakeCatalog::accepted("bob");
        co_await respond(bench, question, "result", std::move(answer));
        auto inbound = bench.inbound("GET", bench.legacy_headers());
        inbound.headers.emplace_back("Last-Event-ID", last);
        const auto resumed = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(messages(*resumed).size(), 1U);
        EXPECT_NE(resumed->exchange.events.back().second.find("bob"), std::string::npos);
    });
}

TEST(LegacyRounds, StopAfterTheirBound)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto flow = call(bench, "forever", json::object());
        std::size_t asked = 0;
        for (;; ++asked) {
            const auto question = co_await message_at(bench, flow, asked);
            if (text_member(question, "method").empty()) break;
            auto answer = FakeCatalog::accepted("more");
            co_await respond(bench, question, "result", std::move(answer));
        }
        EXPECT_EQ(asked, 8U);
        EXPECT_EQ(bench.service.turns, 9);
        co_await bench.end_of(flow);
        EXPECT_TRUE(is_error_result(*flow));
    });
}

TEST(LegacyRounds, DoNotWaitForAClientThatTakesTooLong)
{
    EndpointSettings settings;
    settings.client_response_timeout = 1ms;
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            bench.capabilities = forms;
            co_await bench.open_session();
            auto flow = call(bench, "asks", one_round(FakeCatalog::form()));
            co_await bench.end_of(flow);
            EXPECT_TRUE(is_error_result(*flow));
            EXPECT_EQ(bench.service.turns, 1);
        },
        settings);
}

TEST(LegacyRounds, DoNotAskAClientThatReadsOnlyJson)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = forms;
        co_await bench.open_session();
        auto inbound = bench.legacy(
            "tools/call", {{"name", "asks"}, {"arguments", one_round(FakeCatalog::form())}});
        std::erase_if(inbound.headers, [](const auto& header) { return header.first == "Accept"; });
        inbound.headers.emplace_back("Accept", "application/json");
        const auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_TRUE(is_error_result(*flow));
    });
}

TEST(LegacyRounds, RefuseAToolThatRunsOnlyAsATask)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = {{"extensions", {{"io.modelcontextprotocol/tasks", json::object()}}}};
        co_await bench.open_session();
        auto flow = call(bench, "required", json::object());
        co_await bench.end_of(flow);
        EXPECT_TRUE(is_error_result(*flow));
        flow = call(bench, "offered", json::object());
        co_await bench.end_of(flow);
        EXPECT_FALSE(is_error_result(*flow)) << "one that may, runs within the request";
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
