#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

const json elicitation{{"elicitation", json::object()}};
const std::vector<std::string> one_key{"who"};

/// The retry of `tool` with what the last answer gave along.
json retry(std::string_view tool, json arguments, json state, json responses = json::object())
{
    return {{"name", tool},
            {"arguments", std::move(arguments)},
            {"requestState", std::move(state)},
            {"inputResponses", std::move(responses)}};
}

json state_of(const Flow& flow)
{
    return field<json>(result_of(flow.exchange.message()), "requestState").value_or(json{});
}

json shown(const Flow& flow)
{
    return field<json>(result_of(flow.exchange.message()), "structuredContent").value_or(json{});
}

/// The first round of `asks` for `keys`, by a client that answers forms.
Task<json> asked(CatalogBench& bench, std::vector<std::string> keys)
{
    bench.capabilities = elicitation;
    auto inbound = bench.modern_call("asks", FakeCatalog::rounds_of(keys));
    const auto flow = co_await bench.serve(std::move(inbound));
    co_return state_of(*flow);
}

TEST(ModernRounds, AskAndGoOnWithTheAnswers)
{
    const auto arguments = FakeCatalog::rounds_of(one_key);
    const json answers{{"who", FakeCatalog::accepted("bob")}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        bench.capabilities = elicitation;
        const auto first = co_await bench.serve(bench.modern_call("asks", arguments));
        const auto question = result_of(first->exchange.message());
        EXPECT_EQ(text_member(question, "resultType"), "input_required");
        const auto requests = field<json>(question, "inputRequests").value();
        EXPECT_EQ(requests.dump(), json({{"who", FakeCatalog::form()}}).dump());
        EXPECT_EQ(find_member(question, "content"), nullptr);
        const auto again = retry("asks", arguments, state_of(*first), answers);
        const auto second = co_await bench.serve(bench.modern("tools/call", again, 2));
        const auto result = result_of(second->exchange.message());
        EXPECT_EQ(text_member(result, "resultType"), "complete");
        EXPECT_EQ(field<json>(shown(*second), "answers").value(), answers);
        EXPECT_EQ(field<json>(shown(*second), "state").value().dump(), R"({"round":1})");
    });
}

TEST(ModernRounds, AskAgainAsLongAsNothingIsAnswered)
{
    const auto arguments = FakeCatalog::rounds_of(one_key);
    const json unasked{{"other", FakeCatalog::accepted("bob")}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, one_key);
        for (const auto& responses : {json::object(), unasked}) {
            const auto again = retry("asks", arguments, state, responses);
            const auto flow = co_await bench.serve(bench.modern("tools/call", again));
            const auto result = result_of(flow->exchange.message());
            EXPECT_EQ(text_member(result, "resultType"), "input_required");
        }
    });
}

TEST(ModernRounds, RememberWhatEarlierRoundsAnswered)
{
    const std::vector<std::string> keys{"a", "b", "c"};
    const auto arguments = FakeCatalog::rounds_of(keys);
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        auto state = co_await asked(bench, keys);
        std::shared_ptr<Flow> flow;
        for (const auto& key : keys) {
            const json only_this{{key, FakeCatalog::accepted(key)}};
            const auto again = retry("asks", arguments, state, only_this);
            flow = co_await bench.serve(bench.modern("tools/call", again));
            state = state_of(*flow);
        }
        const auto answers = field<json>(shown(*flow), "answers").value();
        EXPECT_EQ(answers.size(), 3U);
        for (const auto& key : keys) {
            EXPECT_EQ(field<json>(answers, key).value(), FakeCatalog::accepted(key));
        }
    });
}

TEST(ModernRounds, TellTheHandlerThatTheUserDeclinedOrCancelled)
{
    const auto arguments = FakeCatalog::rounds_of(one_key);
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, one_key);
        for (const std::string action : {"decline", "cancel"}) {
            const json answers{{"who", {{"action", action}}}};
            const auto again = retry("asks", arguments, state, answers);
            const auto flow = co_await bench.serve(bench.modern("tools/call", again));
            EXPECT_EQ(field<json>(shown(*flow), "answers").value(), answers);
        }
    });
}

TEST(ModernRounds, RefuseResponsesOfAnotherShape)
{
    const auto arguments = FakeCatalog::rounds_of(one_key);
    const std::vector<json> misfits{json{{"who", "bob"}},
                                    json{{"who", {{"action", "nod"}}}},
                                    json{{"who", {{"action", "accept"}, {"content", 1}}}},
                                    json{{"who", json::object()}},
                                    json::array(),
                                    json("bob")};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, one_key);
        for (const auto& responses : misfits) {
            const auto again = retry("asks", arguments, state, responses);
            const auto flow = co_await bench.serve(bench.modern("tools/call", again));
            EXPECT_EQ(error_code(flow->exchange.message()), -32602) << responses.dump();
        }
    });
}

TEST(ModernRounds, RefuseAnswersThatTheirStateCouldNotCarry)
{
    const std::vector<std::string> keys{"a", "b"};
    const auto arguments = FakeCatalog::rounds_of(keys);
    const json too_long{{"a", FakeCatalog::accepted(std::string(100'000, 'x'))}};
    const json shorter{{"a", FakeCatalog::accepted("bob")}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, keys);
        auto again = retry("asks", arguments, state, too_long);
        auto flow = co_await bench.serve(bench.modern("tools/call", again));
        const auto error = error_of(flow->exchange.message());
        EXPECT_EQ(error_code(flow->exchange.message()), -32602);
        EXPECT_NE(text_member(error, "message").find("65536 bytes"), std::string::npos) << error;
        const auto data = field<json>(error, "data").value_or(json{});
        EXPECT_EQ(text_member(data, "reason"), "answers_too_large");
        again = retry("asks", arguments, state, shorter);
        flow = co_await bench.serve(bench.modern("tools/call", again));
        EXPECT_EQ(text_member(result_of(flow->exchange.message()), "resultType"), "input_required");
    });
}

TEST(ModernRounds, TakeALongAnswerThatNeedsNoState)
{
    const json answers{{"who", FakeCatalog::accepted(std::string(100'000, 'x'))}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, one_key);
        const auto again = retry("asks", FakeCatalog::rounds_of(one_key), state, answers);
        const auto flow = co_await bench.serve(bench.modern("tools/call", again));
        EXPECT_EQ(field<json>(shown(*flow), "answers").value(), answers);
    });
}

TEST(ModernRounds, AcceptEveryStateThatTheyIssue)
{
    const std::vector<std::string> keys{"a", "b"};
    const auto arguments = FakeCatalog::rounds_of(keys);
    const json last{{"b", FakeCatalog::accepted("bob")}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, keys);
        int refused = 0;
        int accepted = 0;
        for (std::size_t bytes = 40'000; bytes < 60'000; bytes += 500) {
            const json first{{"a", FakeCatalog::accepted(std::string(bytes, 'x'))}};
            auto again = retry("asks", arguments, state, first);
            auto flow = co_await bench.serve(bench.modern("tools/call", again));
            if (error_code(flow->exchange.message()) != 0) {
                ++refused;
                continue;
            }
            again = retry("asks", arguments, state_of(*flow), last);
            flow = co_await bench.serve(bench.modern("tools/call", again));
            EXPECT_EQ(error_code(flow->exchange.message()), 0) << bytes;
            ++accepted;
        }
        EXPECT_GT(refused, 0);
        EXPECT_GT(accepted, 0);
    });
}

/// One way in which a retry differs from the request that was asked back.
struct Difference {
    std::string_view name;
    std::function<void(CatalogBench&, json&)> make;
    int code;
};
class RetriedRequest : public ::testing::TestWithParam<Difference> {};

TEST_P(RetriedRequest, MustBeTheOneThatWasAsked)
{
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto state = co_await asked(bench, one_key);
        const json answers{{"who", FakeCatalog::accepted("bob")}};
        auto again = retry("asks", FakeCatalog::rounds_of(one_key), state, answers);
        GetParam().make(bench, again);
        const auto flow = co_await bench.serve(bench.modern("tools/call", again));
        const auto message = flow->exchange.message();
        EXPECT_EQ(error_code(message), GetParam().code) << message.dump();
        EXPECT_EQ(flow->exchange.answer.status, 200);
        if (GetParam().code == 0) co_return;
        const auto data = field<json>(error_of(message), "data").value();
        EXPECT_EQ(text_member(data, "reason"), "invalid_request_state");
        EXPECT_EQ(bench.service.turns, 1) << "the handler must not see it";
    });
}

/// The text of the state with another letter in the middle of part `part` of it.
void alter_state(json& params, std::size_t part)
{
    auto text = field<std::string>(params, "requestState").value();
    std::size_t at = 0;
    for (std::size_t i = 0; i < part; ++i) at = text.find('.', at) + 1;
    at += 5;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    params["requestState"] = text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    RetriedRequest,
    ::testing::ValuesIn(std::vector<Difference>{
        {"same", [](CatalogBench&, json&) {}, 0},
        {"in_time", [](CatalogBench& b, json&) { b.clock.advance(std::chrono::minutes{10} - 1s); },
         0},
        {"late", [](CatalogBench& b, json&) { b.clock.advance(std::chrono::minutes{10} + 1s); },
         -32602},
        {"of_another_principal", [](CatalogBench& b, json&) { b.subject = "bob"; }, -32602},
        {"of_another_tool", [](CatalogBench&, json& p) { p["name"] = "offered"; }, -32602},
        {"with_other_arguments", [](CatalogBench&, json& p) { p["arguments"]["more"] = 1; },
         -32602},
        {"with_altered_payload", [](CatalogBench&, json& p) { alter_state(p, 2); }, -32602},
        {"with_altered_seal", [](CatalogBench&, json& p) { alter_state(p, 3); }, -32602},
        {"with_state_of_ours_no_more", [](CatalogBench&, json& p) { p["requestState"] = "v1.x"; },
         -32602},
        {"with_empty_state", [](CatalogBench&, json& p) { p["requestState"] = ""; }, -32602},
        {"with_a_number_as_state", [](CatalogBench&, json& p) { p["requestState"] = 1; }, -32602},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ModernRounds, DoNotCarryTheStateToAnotherMethod)
{
    const json params{{"name", "greet"}, {"arguments", json::object()}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        bench.capabilities = elicitation;
        auto inbound = bench.modern("resources/read", {{"uri", "x://asks"}});
        const auto first = co_await bench.serve(std::move(inbound));
        const json answers{{"name", FakeCatalog::accepted("bob")}};
        json again{
            {"uri", "x://asks"}, {"requestState", state_of(*first)}, {"inputResponses", answers}};
        const auto second = co_await bench.serve(bench.modern("resources/read", again));
        EXPECT_NE(find_member(result_of(second->exchange.message()), "contents"), nullptr);
        auto foreign = params;
        foreign["requestState"] = state_of(*first);
        const auto third = co_await bench.serve(bench.modern("prompts/get", foreign));
        EXPECT_EQ(error_code(third->exchange.message()), -32602);
    });
}

/// A question and the capability that it needs.
struct Need {
    std::string_view name;
    json request;
    json declared;  // what does not suffice
    json required;  // what does
};
class Undeclared : public ::testing::TestWithParam<Need> {};

TEST_P(Undeclared, QuestionsAreNotPut)
{
    const json rounds = json::array({json{{"key", GetParam().request}}});
    const json arguments{{"rounds", rounds}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        bench.capabilities = GetParam().declared;
        const auto refused = co_await bench.serve(bench.modern_call("asks", arguments));
        const auto message = refused->exchange.message();
        EXPECT_EQ(refused->exchange.answer.status, 400);
        EXPECT_EQ(error_code(message), -32021);
        const auto data = field<json>(error_of(message), "data").value();
        EXPECT_EQ(field<json>(data, "requiredCapabilities").value(), GetParam().required);
        bench.capabilities = GetParam().required;
        const auto put = co_await bench.serve(bench.modern_call("asks", arguments));
        const auto result = result_of(put->exchange.message());
        EXPECT_EQ(text_member(result, "resultType"), "input_required");
    });
}

json request(std::string_view method, json params = json::object())
{
    return {{"method", method}, {"params", std::move(params)}};
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    Undeclared,
    ::testing::ValuesIn(std::vector<Need>{
        {"form", FakeCatalog::form(), json::object(), elicitation},
        {"form_of_a_client_of_urls",
         FakeCatalog::form(),
         {{"elicitation", {{"url", json::object()}}}},
         elicitation},
        {"url",
         request("elicitation/create", {{"mode", "url"}, {"url", "https://x.example"}}),
         elicitation,
         {{"elicitation", {{"url", json::object()}}}}},
        {"roots", request("roots/list"), elicitation, {{"roots", json::object()}}},
        {"sampling",
         request("sampling/createMessage"),
         elicitation,
         {{"sampling", json::object()}}},
        {"sampling_with_tools",
         request("sampling/createMessage", {{"tools", json::array()}}),
         {{"sampling", json::object()}},
         {{"sampling", {{"tools", json::object()}}}}},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace tailops::mcp::testing
