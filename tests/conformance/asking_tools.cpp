#include "gateway/core/json.hpp"
#include "tests/conformance/fixture_service.hpp"

#include <nlohmann/json.hpp>

namespace tailops::fixture {
namespace {

using Outcome = Result<service::ToolOutcome>;
using service::InputRequest;
using service::InputRequired;

constexpr std::string_view name_form =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";
constexpr std::string_view color_form =
    R"({"type":"object","properties":{"color":{"type":"string"}},"required":["color"]})";
constexpr std::string_view ok_form =
    R"({"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]})";
constexpr std::string_view user_form =
    R"({"type":"object","properties":{"username":{"type":"string"},"email":{"type":"string"}}})";

constexpr std::string_view defaults_form = R"json({"type":"object","properties":{
  "name":{"type":"string","description":"User name","default":"John Doe"},
  "age":{"type":"integer","description":"User age","default":30},
  "score":{"type":"number","description":"User score","default":95.5},
  "status":{"type":"string","description":"User status","enum":["active","inactive","pending"],
            "default":"active"},
  "verified":{"type":"boolean","description":"Verification status","default":true}},
  "required":[]})json";

constexpr std::string_view enums_form = R"json({"type":"object","properties":{
  "untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
  "titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},
    {"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
  "legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],
    "enumNames":["Option One","Option Two","Option Three"]},
  "untitledMulti":{"type":"array","items":{"type":"string",
    "enum":["option1","option2","option3"]}},
  "titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},
    {"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}},
  "required":[]})json";

InputRequest sampling(std::string_view prompt)
{
    return {"sampling/createMessage",
            shared({{"maxTokens", 100},
                    {"messages",
                     {{{"role", "user"}, {"content", {{"type", "text"}, {"text", prompt}}}}}}})};
}

InputRequest roots()
{
    return {"roots/list", shared(json::object())};
}

InputRequired question(std::string key, InputRequest request)
{
    InputRequired out;
    out.requests.emplace(std::move(key), std::move(request));
    return out;
}

std::string argument(const FixtureCall& call, const char* name, const char* otherwise)
{
    return call.arguments.value(name, std::string{otherwise});
}

Task<Outcome> sample(FixtureCall call)
{
    const auto* answer = call.caller.answer("sample");
    if (!answer) co_return question("sample", sampling(argument(call, "prompt", "Hello")));
    const auto* content = find_member(*answer, "content");
    co_return text_result("LLM response: " + std::string{text_member(*content, "text")});
}

/// How the client answered a form, as the suites want to read it.
std::string told(std::string_view before, const json& answer)
{
    const auto* content = find_member(answer, "content");
    return std::string{before} + "action=" + std::string{text_member(answer, "action")} +
           ", content=" + (content ? content->dump() : "{}");
}

Task<Outcome> elicit(FixtureCall call)
{
    const auto* answer = call.caller.answer("user");
    if (answer) co_return text_result(told("User response: ", *answer));
    co_return question("user", elicitation(argument(call, "message", "Who are you?"), user_form));
}

Task<Outcome> elicit_defaults(FixtureCall call)
{
    const auto* answer = call.caller.answer("form");
    if (answer) co_return text_result(told("Elicitation completed: ", *answer));
    co_return question("form", elicitation("Please review the defaults", defaults_form));
}

Task<Outcome> elicit_enums(FixtureCall call)
{
    const auto* answer = call.caller.answer("form");
    if (answer) co_return text_result(told("Elicitation completed: ", *answer));
    co_return question("form", elicitation("Please choose", enums_form));
}

Task<Outcome> needs_sampling(FixtureCall call)
{
    if (call.caller.answer("sample")) co_return text_result("Sampled");
    co_return question("sample", sampling("Hello"));
}

Task<Outcome> asks_name(FixtureCall call)
{
    const auto* content = call.caller.accepted("user_name");
    if (!content) co_return question("user_name", elicitation("What is your name?", name_form));
    co_return text_result("Hello, " + std::string{text_member(*content, "name")} + "!");
}

Task<Outcome> asks_sample(FixtureCall call)
{
    const auto* answer = call.caller.answer("capital_question");
    if (!answer) {
        co_return question("capital_question", sampling("What is the capital of France?"));
    }
    co_return text_result("The client said: " + answer->dump());
}

Task<Outcome> asks_roots(FixtureCall call)
{
    const auto* answer = call.caller.answer("client_roots");
    if (!answer) co_return question("client_roots", roots());
    co_return text_result("The client's roots: " + answer->dump());
}

Task<Outcome> asks_with_state(FixtureCall call)
{
    if (call.caller.accepted("confirm") && call.caller.state()) {
        co_return text_result("state-ok: the state came back");
    }
    auto asks = question("confirm", elicitation("Please confirm", ok_form));
    asks.state = shared({{"step", 1}});
    co_return asks;
}

Task<Outcome> asks_many(FixtureCall call)
{
    const auto& caller = call.caller;
    if (caller.answer("user_name") && caller.answer("greeting") && caller.answer("client_roots")) {
        co_return text_result("All three answers came");
    }
    InputRequired asks;
    asks.requests.emplace("user_name", elicitation("What is your name?", name_form));
    asks.requests.emplace("greeting", sampling("Generate a greeting"));
    asks.requests.emplace("client_roots", roots());
    co_return asks;
}

Task<Outcome> asks_twice(FixtureCall call)
{
    const auto* name = call.caller.accepted("step1");
    if (!name) {
        auto asks = question("step1", elicitation("Step 1: What is your name?", name_form));
        asks.state = shared({{"round", 1}});
        co_return asks;
    }
    const auto* color = call.caller.accepted("step2");
    if (!color) {
        auto asks =
            question("step2", elicitation("Step 2: What is your favorite color?", color_form));
        asks.state = shared({{"round", 2}});
        co_return asks;
    }
    co_return text_result(std::string{text_member(*name, "name")} + " likes " +
                          std::string{text_member(*color, "color")});
}

/// Only what the client declares.
Task<Outcome> asks_what_is_declared(FixtureCall call)
{
    InputRequired asks;
    const auto offer = [&](const char* key, InputRequest request) {
        if (call.caller.can_answer(request.method, request.params)) {
            asks.requests.emplace(key, std::move(request));
        }
    };
    offer("user_name", elicitation("What is your name?", name_form));
    offer("greeting", sampling("Generate a greeting"));
    for (const auto& [key, request] : asks.requests) {
        if (!call.caller.answer(key)) co_return asks;
    }
    co_return text_result("Every question was answered");
}

}  // namespace

const std::vector<FixtureRow>& asking_tools()
{
    static const std::vector<FixtureRow> rows{
        {"test_sampling", "Has the client sample",
         R"({"type":"object","properties":{"prompt":{"type":"string"}}})", sample},
        {"test_elicitation", "Asks the user",
         R"({"type":"object","properties":{"message":{"type":"string"}}})", elicit},
        {"test_elicitation_sep1034_defaults", "Asks with defaults", no_arguments, elicit_defaults},
        {"test_elicitation_sep1330_enums", "Asks with choices", no_arguments, elicit_enums},
        {"test_missing_capability", "Needs a client that samples", no_arguments, needs_sampling},
        {"test_input_required_result_elicitation", "Asks for a name", no_arguments, asks_name},
        {"test_input_required_result_sampling", "Asks for a sample", no_arguments, asks_sample},
        {"test_input_required_result_list_roots", "Asks for the roots", no_arguments, asks_roots},
        {"test_input_required_result_request_state", "Asks, with a state", no_arguments,
         asks_with_state},
        {"test_input_required_result_multiple_inputs", "Asks three things", no_arguments,
         asks_many},
        {"test_input_required_result_multi_round", "Asks twice", no_arguments, asks_twice},
        {"test_input_required_result_tampered_state", "Asks, with a state", no_arguments,
         asks_with_state},
        {"test_input_required_result_capabilities", "Asks what the client declares", no_arguments,
         asks_what_is_declared},
    };
    return rows;
}

}  // namespace tailops::fixture
