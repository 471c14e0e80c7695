#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"

namespace tailops::mcp::testing {
namespace {

/// Opens a session for a legacy revision; for the modern one there is none.
Task<void> speak(CatalogBench& bench, std::string revision)
{
    bench.session.clear();
    if (revision != "2026-07-28") co_await bench.open_session(revision);
}

/// The request in the era that the bench speaks.
Inbound ask(CatalogBench& bench, const std::string& method, json params)
{
    return bench.session.empty() ? bench.modern(method, std::move(params))
                                 : bench.legacy(method, std::move(params));
}

const std::vector<std::string> revisions{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"};

/// What a request comes to, in either era.
struct Row {
    std::string_view name;
    std::string method;
    json params;
    int modern;
    int legacy;
};
class Part : public ::testing::TestWithParam<Row> {};

TEST_P(Part, AnswersWithTheCodeOfTheEra)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.service.matches = 1;
        for (const auto& revision : revisions) {
            co_await speak(bench, revision);
            auto inbound = ask(bench, GetParam().method, GetParam().params);
            const auto flow = co_await bench.serve(std::move(inbound));
            const auto code = bench.session.empty() ? GetParam().modern : GetParam().legacy;
            EXPECT_EQ(error_code(flow->exchange.message()), code)
                << revision << flow->exchange.answer.body;
        }
    });
}

json completion(json ref, json argument)
{
    return {{"ref", std::move(ref)}, {"argument", std::move(argument)}};
}
const json greeting{{"type", "ref/prompt"}, {"name", "greet"}};
const json typed{{"name", "who"}, {"value", "b"}};

INSTANTIATE_TEST_SUITE_P(
    Rows,
    Part,
    ::testing::ValuesIn(std::vector<Row>{
        {"read", "resources/read", {{"uri", "x://1"}}, 0, 0},
        {"read_none", "resources/read", {{"uri", "x://9"}}, -32602, -32002},
        {"read_denied", "resources/read", {{"uri", "x://denied"}}, -32803, -32803},
        {"read_to_be_approved", "resources/read", {{"uri", "x://asking"}}, -32803, -32803},
        {"prompt", "prompts/get", {{"name", "greet"}}, 0, 0},
        {"prompt_none", "prompts/get", {{"name", "none"}}, -32602, -32602},
        {"prompt_with_texts",
         "prompts/get",
         {{"name", "greet"}, {"arguments", {{"a", "b"}}}},
         0,
         0},
        {"prompt_with_numbers",
         "prompts/get",
         {{"name", "greet"}, {"arguments", {{"a", 1}}}},
         -32602,
         -32602},
        {"prompt_with_a_list",
         "prompts/get",
         {{"name", "greet"}, {"arguments", json::array()}},
         -32602,
         -32602},
        {"complete", "completion/complete", completion(greeting, typed), 0, 0},
        {"complete_resource", "completion/complete",
         completion({{"type", "ref/resource"}, {"uri", "x://{id}"}}, typed), 0, 0},
        {"complete_none", "completion/complete",
         completion({{"type", "ref/prompt"}, {"name", "nothing"}}, typed), -32602, -32602},
        {"complete_tool", "completion/complete",
         completion({{"type", "ref/tool"}, {"name", "greet"}}, typed), -32602, -32602},
        {"complete_no_ref", "completion/complete", {{"argument", typed}}, -32602, -32602},
        {"complete_no_value", "completion/complete", completion(greeting, {{"name", "who"}}),
         -32602, -32602},
        {"complete_bad_context",
         "completion/complete",
         {{"ref", greeting}, {"argument", typed}, {"context", {{"arguments", {{"a", 1}}}}}},
         -32602,
         -32602},
        {"follow", "resources/subscribe", {{"uri", "x://1"}}, -32601, 0},
        {"follow_hidden", "resources/subscribe", {{"uri", "x://hidden"}}, -32601, -32002},
        {"follow_still", "resources/subscribe", {{"uri", "x://still"}}, -32601, -32602},
        {"follow_number", "resources/subscribe", {{"uri", 1}}, -32601, -32602},
        {"unfollow", "resources/unsubscribe", {{"uri", "x://1"}}, -32601, 0},
        {"unfollow_nothing", "resources/unsubscribe", json::object(), -32601, -32602},
        {"level", "logging/setLevel", {{"level", "warning"}}, -32601, 0},
        {"level_none", "logging/setLevel", {{"level", "loud"}}, -32601, -32602},
        {"level_missing", "logging/setLevel", json::object(), -32601, -32602},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Resources, NameWhatIsNotThere)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        for (const auto& revision : revisions) {
            co_await speak(bench, revision);
            auto inbound = ask(bench, "resources/read", {{"uri", "x://9"}});
            const auto flow = co_await bench.serve(std::move(inbound));
            const auto data = field<json>(error_of(flow->exchange.message()), "data");
            EXPECT_EQ(data.value_or(json{}).dump(), R"({"uri":"x://9"})") << revision;
        }
    });
}

TEST(Resources, AreFollowedBySessionsUntilTheyUnsubscribe)
{
    const json uri{{"uri", "x://1"}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto stream = bench.start(bench.inbound("GET", bench.legacy_headers()));
        co_await bench.bell.until([&] { return stream->exchange.events.size() == 1; });
        bench.endpoint.publish(service::change::Resource{"x://1"});
        co_await bench.serve(bench.legacy("resources/subscribe", uri));
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.endpoint.publish(service::change::Resource{"x://2"});
        co_await bench.bell.until([&] { return stream->exchange.events.size() == 2; });
        EXPECT_EQ(stream->exchange.message().dump(),
                  R"({"jsonrpc":"2.0","method":"notifications/resources/updated",)"
                  R"("params":{"uri":"x://1"}})");
        co_await bench.serve(bench.legacy("resources/unsubscribe", uri));
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.endpoint.publish(service::change::Prompts{});
        co_await bench.bell.until([&] { return stream->exchange.events.size() >= 3; });
        EXPECT_EQ(text_member(stream->exchange.message(), "method"),
                  "notifications/prompts/list_changed");
    });
}

TEST(Resources, AreNotToldOfToASessionThatMayNotKnowOfThemAnyMore)
{
    const json uri{{"uri", "x://1"}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        co_await bench.open_session();
        const auto stream = bench.start(bench.inbound("GET", bench.legacy_headers()));
        co_await bench.bell.until([&] { return stream->exchange.events.size() == 1; });
        co_await bench.serve(bench.legacy("resources/subscribe", uri));
        bench.service.hidden.emplace("x://1");
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.endpoint.publish(service::change::Prompts{});
        co_await bench.bell.until([&] {
            return stream->exchange.events.back().second.find("prompts/list_changed") !=
                   std::string::npos;
        });
        EXPECT_EQ(stream->exchange.events.size(), 2U) << "the first event and the prompts";
    });
}

TEST(Resources, AreFollowedUpToABound)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        co_await bench.open_session();
        for (int i = 0; i <= 256; ++i) {
            const auto uri = "x://" + std::to_string(i);
            auto inbound = bench.legacy("resources/subscribe", {{"uri", uri}});
            const auto flow = co_await bench.serve(std::move(inbound));
            EXPECT_EQ(error_code(flow->exchange.message()), i < 256 ? 0 : -32602) << i;
        }
        auto again = bench.legacy("resources/subscribe", {{"uri", "x://0"}});
        const auto flow = co_await bench.serve(std::move(again));
        EXPECT_EQ(error_code(flow->exchange.message()), 0) << "it is followed already";
    });
}

TEST(Completions, ShowAHundredAndSayThatThereAreMore)
{
    struct Count {
        std::size_t matches;
        std::size_t total;
        std::size_t shown;
        std::int64_t told;
        bool has_more;
    };
    const std::vector<Count> counts{{0, 0, 0, 0, false},
                                    {2, 0, 2, 2, false},
                                    {2, 7, 2, 7, true},
                                    {100, 100, 100, 100, false},
                                    {101, 0, 100, 101, true}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        for (const auto& count : counts) {
            bench.service.matches = count.matches;
            bench.service.total = count.total;
            auto inbound = bench.modern("completion/complete", completion(greeting, typed));
            const auto flow = co_await bench.serve(std::move(inbound));
            const auto result = result_of(flow->exchange.message());
            const auto found = field<json>(result, "completion").value_or(json{});
            const auto values = field<json>(found, "values").value_or(json{});
            EXPECT_EQ(values.size(), count.shown);
            if (count.shown > 0) {
                EXPECT_EQ(values[0], "b0");
            }
            EXPECT_EQ(field<std::int64_t>(found, "total").value_or(-1), count.told);
            EXPECT_EQ(field<bool>(found, "hasMore").value_or(!count.has_more), count.has_more);
        }
    });
}

TEST(Completions, HandOverWhatIsSettledAlready)
{
    auto params = completion({{"type", "ref/resource"}, {"uri", "x://{id}"}}, typed);
    params["context"] = {{"arguments", {{"region", "eu"}}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        co_await bench.serve(bench.modern("completion/complete", params));
        const auto query = bench.service.last_query.value_or(service::CompletionQuery{});
        EXPECT_EQ(query.about, service::CompletionQuery::About::resource);
        EXPECT_EQ(query.name, "x://{id}");
        EXPECT_EQ(query.argument, "who");
        EXPECT_EQ(query.context.size(), 1U);
        EXPECT_EQ(query.context.at("region"), "eu");
    });
}

/// The params of the notifications of `method` that came before the answer.
std::vector<json> notices(const Flow& flow, std::string_view method)
{
    std::vector<json> out;
    for (const auto& [id, data] : flow.exchange.events) {
        const auto message = parse_json(data).value_or(json{});
        if (text_member(message, "method") != method) continue;
        out.push_back(field<json>(message, "params").value_or(json{}));
    }
    return out;
}

json tells(json meta)
{
    return {{"name", "tells"}, {"_meta", std::move(meta)}};
}

TEST(Progress, GrowsAndGoesOnlyToWhoAskedForIt)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        for (const auto& revision : revisions) {
            co_await speak(bench, revision);
            auto inbound = ask(bench, "tools/call", tells({{"progressToken", "p"}}));
            const auto flow = co_await bench.serve(std::move(inbound));
            std::vector<std::string> done;
            for (const auto& params : notices(*flow, "notifications/progress")) {
                EXPECT_EQ(text_member(params, "progressToken"), "p");
                EXPECT_EQ(field<std::int64_t>(params, "total").value_or(0), 5);
                done.push_back(field<json>(params, "progress").value_or(json{}).dump());
            }
            EXPECT_EQ(done, (std::vector<std::string>{"1", "3", "4.5"})) << revision;
            auto silent = ask(bench, "tools/call", tells(json::object()));
            const auto other = co_await bench.serve(std::move(silent));
            EXPECT_TRUE(notices(*other, "notifications/progress").empty()) << revision;
        }
    });
}

TEST(LogMessages, GoToAModernClientFromTheLevelOfItsRequestOn)
{
    constexpr auto level_name = "io.modelcontextprotocol/logLevel";
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        auto wanting = bench.modern("tools/call", tells({{level_name, "error"}}));
        const auto told = co_await bench.serve(std::move(wanting));
        const auto said = notices(*told, "notifications/message");
        EXPECT_EQ(said.size(), 4U);
        EXPECT_EQ(said.empty() ? "" : said[0].dump(),
                  R"({"data":4,"level":"error","logger":"fake"})");
        auto silent = bench.modern("tools/call", tells(json::object()));
        const auto none = co_await bench.serve(std::move(silent));
        EXPECT_TRUE(notices(*none, "notifications/message").empty());
    });
}

TEST(LogMessages, GoToASessionFromItsOwnLevelOn)
{
    struct Step {
        std::string level;  // empty: as the session begins
        std::size_t told;
    };
    const std::vector<Step> steps{{"", 7}, {"debug", 8}, {"emergency", 1}, {"loud", 1}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        co_await bench.open_session();
        for (const auto& step : steps) {
            if (!step.level.empty()) {
                auto set = bench.legacy("logging/setLevel", {{"level", step.level}});
                co_await bench.serve(std::move(set));
            }
            const auto flow = co_await bench.serve(bench.legacy_call("tells"));
            EXPECT_EQ(notices(*flow, "notifications/message").size(), step.told) << step.level;
        }
        co_await bench.open_session();
        const auto other = co_await bench.serve(bench.legacy_call("tells"));
        EXPECT_EQ(notices(*other, "notifications/message").size(), 7U);
    });
}

TEST(Parts, ThatAreNotServedAreUnknown)
{
    const std::vector<std::string> methods{"resources/list",      "resources/read",
                                           "prompts/list",        "prompts/get",
                                           "completion/complete", "resources/templates/list"};
    on_bench([&](Bench& bench) -> Task<void> {
        for (const auto& method : methods) {
            const auto member = std::string{named_member(method)};
            const json params = member.empty() ? json::object() : json{{member, "x"}};
            const auto flow = co_await bench.serve(bench.modern(method, params));
            EXPECT_EQ(error_code(flow->exchange.message()), -32601) << method;
        }
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
