#include "gateway/doors/mcp/tasks/task_context.hpp"

#include "gateway/core/json.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

using nlohmann::json;

JsonPart object_in(const JsonPart& whole, std::string_view name)
{
    const auto* member = find_member(*whole, name);
    if (member && member->is_object()) return JsonPart{whole, member};
    return std::make_shared<const json>(json::object());
}

}  // namespace

TaskContext TaskContext::of(const store::StoredTask& task)
{
    const auto whole =
        std::make_shared<const json>(parse_json(task.context).value_or(json::object()));
    const auto* state = find_member(*whole, "state");
    return {.capabilities = object_in(whole, "capabilities"),
            .asked = object_in(whole, "asked"),
            .answers = object_in(whole, "answers"),
            .state = state ? JsonPart{whole, state} : JsonPart{}};
}

std::string TaskContext::text() const
{
    json whole = json::object();
    if (capabilities) whole.emplace("capabilities", *capabilities);
    if (asked) whole.emplace("asked", *asked);
    if (answers) whole.emplace("answers", *answers);
    if (state) whole.emplace("state", *state);
    return dump_json(whole);
}

}  // namespace tailops::mcp
