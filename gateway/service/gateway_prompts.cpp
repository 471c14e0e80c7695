#include "gateway/service/gateway_prompts.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/service/gateway_prompt_table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::service {
namespace {

using nlohmann::json;
using ToolNames = GatewayPrompts::ToolNames;

// An argument is a name or an address, not a text to smuggle instructions in.
constexpr std::size_t argument_bytes_max = 256;

bool is_usable(const PromptStep& step, const ToolNames& usable)
{
    return std::ranges::all_of(step.tools,
                               [&](std::string_view tool) { return usable.contains(tool); });
}

bool is_usable(const PromptRow& prompt, const ToolNames& usable)
{
    return std::ranges::any_of(prompt.steps, [&](const PromptStep& step) {
        return !step.tools.empty() && is_usable(step, usable);
    });
}

/// The argument's text, or a way to speak of what is not given.
Result<std::string> value_of(const PromptArgument& argument, const json& arguments)
{
    const auto* given = find_member(arguments, argument.name);
    if (!given) {
        if (argument.required) {
            return fail(Errc::invalid_argument, quote(argument.name) + " is missing");
        }
        return "(choose " + argument.name + ")";
    }
    const auto& text = given->get_ref<const std::string&>();
    if (text.size() > argument_bytes_max) {
        return fail(Errc::invalid_argument, quote(argument.name) + " must be at most " +
                                                std::to_string(argument_bytes_max) + " bytes");
    }
    return escaped_line(text, argument_bytes_max * 4);
}

/// Puts each `{name}` of the arguments into `text`.
Result<std::string> filled(std::string_view text, const PromptRow& prompt, const json& arguments)
{
    std::string out{text};
    for (const auto& argument : prompt.arguments) {
        TAILOPS_TRY(const auto value, value_of(argument, arguments));
        const auto mark = '{' + argument.name + '}';
        for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at)) {
            out.replace(at, mark.size(), value);
            at += value.size();
        }
    }
    return out;
}

Status check_names(const PromptRow& prompt, const json& arguments)
{
    for (const auto& [name, value] : arguments.items()) {
        const bool known = std::ranges::any_of(
            prompt.arguments,
            [&](const PromptArgument& argument) { return argument.name == name; });
        if (!known) {
            return fail(Errc::invalid_argument,
                        "prompt " + quote(prompt.name) + " has no argument " + quote(name));
        }
    }
    return {};
}

}  // namespace

std::vector<PromptListing> GatewayPrompts::list(const ToolNames& usable)
{
    std::vector<PromptListing> out;
    for (const auto& prompt : prompt_table()) {
        if (!is_usable(prompt, usable)) continue;
        out.push_back({.name = std::string{prompt.name},
                       .title = std::string{prompt.title},
                       .description = std::string{prompt.description},
                       .arguments = prompt.arguments});
    }
    return out;
}

Result<PromptResult> GatewayPrompts::get(std::string_view name,
                                         const json& arguments,
                                         const ToolNames& usable)
{
    const auto& table = prompt_table();
    const auto prompt = std::ranges::find(table, name, &PromptRow::name);
    if (prompt == table.end() || !is_usable(*prompt, usable)) {
        return fail(Errc::not_found, "there is no prompt " + quote(name) + " for you");
    }
    if (auto ok = check_names(*prompt, arguments); !ok) return fail(std::move(ok).error());
    TAILOPS_TRY(std::string text, filled(prompt->opening, *prompt, arguments));
    int number = 0;
    for (const auto& step : prompt->steps) {
        if (!is_usable(step, usable)) continue;
        TAILOPS_TRY(const auto line, filled(step.text, *prompt, arguments));
        text += '\n' + std::to_string(++number) + ". " + line;
    }
    text += "\n\n";
    text += prompt->closing;
    auto messages =
        json::array({{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}}});
    return PromptResult{.description = std::string{prompt->description},
                        .messages = std::make_shared<const json>(std::move(messages))};
}

}  // namespace tailops::service
