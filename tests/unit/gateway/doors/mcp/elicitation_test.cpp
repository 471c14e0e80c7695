#include "tests/unit/gateway/doors/mcp/legacy_asking.hpp"
#include "tests/unit/gateway/doors/mcp/task_bench.hpp"

namespace tailops::mcp::testing {
namespace {

/// Every kind of field that a form may have (MCP 2026-07-28, PrimitiveSchemaDefinition).
json schema()
{
    return parse_json(R"({"type":"object","required":["name"],"properties":{
        "name":{"type":"string","minLength":2,"maxLength":4},
        "age":{"type":"integer","minimum":1,"maximum":120},
        "score":{"type":"number","maximum":1.5},
        "ok":{"type":"boolean"},
        "color":{"type":"string","enum":["red","blue"],"enumNames":["Red","Blue"]},
        "size":{"type":"string","oneOf":[{"const":"s","title":"Small"},{"const":"l","title":"L"}]},
        "tags":{"type":"array","minItems":1,"maxItems":2,
                "items":{"type":"string","enum":["a","b","c"]}},
        "kinds":{"type":"array","items":{"anyOf":[{"const":"x","title":"X"}]}}}})")
        .value();
}

/// The arguments of `asks` that ask for the form under the key "who".
json form_arguments()
{
    json form = FakeCatalog::form();
    form["params"]["requestedSchema"] = schema();
    json rounds = json::array();
    rounds.push_back(json{{"who", std::move(form)}});
    return {{"rounds", std::move(rounds)}};
}

/// An accepted form and what the refusal names; nothing when it fits.
struct Filled {
    std::string_view name;
    json content;  // null: none at all
    std::string_view names;

    json response() const
    {
        json out{{"action", "accept"}};
        if (!content.is_null()) out["content"] = content;
        return out;
    }
};
class FilledForm : public ::testing::TestWithParam<Filled> {
protected:
    /// Whether the call went on, or was refused and the handler saw nothing.
    static void judge(const CatalogBench& bench, const json& message)
    {
        const auto& row = GetParam();
        EXPECT_EQ(error_code(message), row.names.empty() ? 0 : -32602) << message;
        EXPECT_EQ(bench.service.turns, row.names.empty() ? 2 : 1);
        const auto error = error_of(message);
        const auto why = text_member(error, "message");
        EXPECT_NE(why.find(row.names), std::string::npos) << why;
    }
};

TEST_P(FilledForm, IsHeldToItsSchemaInTheModernEra)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = {{"elicitation", json::object()}};
        auto first = bench.modern_call("asks", form_arguments());
        const auto asked = co_await bench.serve(std::move(first));
        const auto question = result_of(asked->exchange.message());
        json params{{"name", "asks"}, {"arguments", form_arguments()}};
        params["requestState"] = text_member(question, "requestState");
        params["inputResponses"] = json{{"who", GetParam().response()}};
        auto second = bench.modern("tools/call", std::move(params), 2);
        const auto flow = co_await bench.serve(std::move(second));
        judge(bench, flow->exchange.message());
    });
}

TEST_P(FilledForm, IsHeldToItsSchemaInTheLegacyEra)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = {{"elicitation", json::object()}};
        co_await bench.open_session();
        auto flow = call(bench, "asks", form_arguments());
        const auto question = co_await message_at(bench, flow, 0);
        auto response = GetParam().response();
        co_await respond(bench, question, "result", std::move(response));
        co_await bench.end_of(flow);
        judge(bench, flow->exchange.message());
    });
}

TEST_P(FilledForm, IsHeldToItsSchemaInATask)
{
    on_tasks([](CatalogBench& bench) -> Task<void> {
        const auto id = co_await begun(bench, form_arguments());
        co_await rested(bench, id);
        auto params = answers_params(id, json{{"who", GetParam().response()}});
        const auto taken = co_await about_task(bench, "tasks/update", std::move(params));
        const auto task = co_await rested(bench, id);
        const bool fits = GetParam().names.empty();
        EXPECT_EQ(text_member(task, "status"), fits ? "completed" : "input_required");
        judge(bench, taken);
    });
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    FilledForm,
    ::testing::ValuesIn(std::vector<Filled>{
        {"with_the_least", {{"name", "bo"}}, ""},
        {"in_full",
         {{"name", "bäbä"},
          {"age", 1},
          {"score", 1.5},
          {"ok", false},
          {"color", "red"},
          {"size", "l"},
          {"tags", {"a", "c"}},
          {"kinds", {"x"}}},
         ""},
        {"with_a_whole_number_for_a_number", {{"name", "bob"}, {"score", 1}}, ""},
        {"with_more_than_was_asked", {{"name", "bob"}, {"more", 1}}, ""},
        {"without_what_is_required", {{"age", 3}}, "\"name\" is missing"},
        {"without_content", json{}, "\"name\" is missing"},
        {"of_another_type", {{"name", 7}}, "\"name\""},
        {"with_null", {{"name", nullptr}}, "\"name\""},
        {"too_short", {{"name", "b"}}, "\"name\""},
        {"too_long", {{"name", "bobby"}}, "\"name\""},
        {"with_a_fraction", {{"name", "bob"}, {"age", 1.5}}, "\"age\""},
        {"below", {{"name", "bob"}, {"age", 0}}, "\"age\""},
        {"above", {{"name", "bob"}, {"age", 121}}, "\"age\""},
        {"above_a_fraction", {{"name", "bob"}, {"score", 1.6}}, "\"score\""},
        {"with_text_for_a_number", {{"name", "bob"}, {"score", "1"}}, "\"score\""},
        {"with_text_for_a_boolean", {{"name", "bob"}, {"ok", "true"}}, "\"ok\""},
        {"with_another_choice", {{"name", "bob"}, {"color", "green"}}, "\"color\""},
        {"with_the_name_of_a_choice", {{"name", "bob"}, {"color", "Red"}}, "\"color\""},
        {"with_another_titled_choice", {{"name", "bob"}, {"size", "Small"}}, "\"size\""},
        {"with_one_for_a_list", {{"name", "bob"}, {"tags", "a"}}, "\"tags\""},
        {"with_too_few", {{"name", "bob"}, {"tags", json::array()}}, "\"tags\""},
        {"with_too_many", {{"name", "bob"}, {"tags", {"a", "b", "c"}}}, "\"tags\""},
        {"with_another_in_a_list", {{"name", "bob"}, {"tags", {"a", "d"}}}, "\"tags[1]\""},
        {"with_another_in_a_titled_list", {{"name", "bob"}, {"kinds", {"y"}}}, "\"kinds[0]\""},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(FilledForm, ThatIsDeclinedHoldsNothing)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = {{"elicitation", json::object()}};
        co_await bench.open_session();
        auto flow = call(bench, "asks", form_arguments());
        const auto question = co_await message_at(bench, flow, 0);
        json response{{"action", "decline"}, {"content", {{"age", "old"}}}};
        co_await respond(bench, question, "result", std::move(response));
        co_await bench.end_of(flow);
        EXPECT_EQ(error_code(flow->exchange.message()), 0);
        EXPECT_EQ(bench.service.turns, 2);
    });
}

/// What comes without a state is held to what the request asks at first.
TEST(FilledForm, ThatComesWithoutAStateIsHeldToItsSchemaToo)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        bench.capabilities = {{"elicitation", json::object()}};
        json params{{"name", "asks"}, {"arguments", form_arguments()}};
        params["inputResponses"] = json{{"who", FakeCatalog::accepted("bobby")}};
        auto inbound = bench.modern("tools/call", params);
        auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(error_code(flow->exchange.message()), -32602);
        EXPECT_EQ(bench.service.turns, 1);
        params["inputResponses"] = json{{"who", FakeCatalog::accepted("bob")}};
        inbound = bench.modern("tools/call", params);
        flow = co_await bench.serve(std::move(inbound));
        const auto result = result_of(flow->exchange.message());
        EXPECT_EQ(text_member(result, "resultType"), "complete");
        EXPECT_EQ(bench.service.turns, 3) << "it asked, and went on with the answer";
        params["inputResponses"] = json{{"another", FakeCatalog::accepted("bob")}};
        inbound = bench.modern("tools/call", params);
        flow = co_await bench.serve(std::move(inbound));
        const auto again = result_of(flow->exchange.message());
        EXPECT_EQ(text_member(again, "resultType"), "input_required");
        EXPECT_EQ(bench.service.turns, 4) << "nothing to go on with: asked once";
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
