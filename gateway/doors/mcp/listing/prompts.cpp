#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/rounds.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

Turn turn_of(service::Outcome<service::PromptResult> outcome)
{
    if (auto* question = std::get_if<service::InputRequired>(&outcome)) return std::move(*question);
    const auto& prompt = std::get<service::PromptResult>(outcome);
    Members members;
    if (!prompt.description.empty()) {
        members.text = R"("description":)" + json_string(prompt.description) + ',';
    }
    members.text += R"("messages":)";
    append_json(members.text, *prompt.messages);
    return members;
}

Task<Result<Turn>> take_turn(service::Service& service,
                             McpCaller& caller,
                             std::string prompt,
                             JsonPart arguments)
{
    auto outcome = co_await service.get_prompt(caller, std::move(prompt), std::move(arguments));
    if (!outcome) co_return fail(std::move(outcome).error());
    co_return turn_of(*std::move(outcome));
}

bool are_texts(const nlohmann::json& arguments)
{
    return arguments.is_object() &&
           std::ranges::all_of(arguments, [](const auto& value) { return value.is_string(); });
}

}  // namespace

Task<Answer> get_prompt(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* name = params ? find_member(*params, "name") : nullptr;
    if (!name || !name->is_string()) co_return invalid_params(asked, "\"name\" must be a string");
    const auto* given = find_member(*params, "arguments");
    if (given && !are_texts(*given)) {
        co_return invalid_params(asked, "\"arguments\" must be an object of strings");
    }
    const auto arguments = given ? JsonPart{params, given} : empty_object();
    const auto prompt = name->get_ref<const std::string&>();
    Rounds rounds{.protocol = protocol,
                  .asked = asked,
                  .subject = {prompt, arguments},
                  .handling =
                      [&service = protocol.service, prompt, arguments](McpCaller& caller) {
                          return take_turn(service, caller, prompt, arguments);
                      },
                  .failed =
                      [&protocol, &asked](const Error& error) {
                          return refuse(protocol, refusal_for(error, asked.message.id));
                      }};
    co_return co_await rounds.run();
}

}  // namespace tailops::mcp
