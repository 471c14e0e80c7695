#include "gateway/core/json.hpp"
#include "gateway/tools/families.hpp"
#include "gateway/tools/tool.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::tools {
namespace {

const std::vector<Tool>& table()
{
    static const auto tools = [] {
        std::vector<Tool> out;
        for (const auto family :
             {gateway_tools, target_tools, system_tools, network_tools, command_tools,
              container_tools, file_tools, http_tools, run_tools}) {
            const auto rows = family();
            out.insert(out.end(), rows.begin(), rows.end());
        }
        std::ranges::sort(out, {}, &Tool::name);
        return out;
    }();
    return tools;
}

}  // namespace

std::span<const Tool> all()
{
    return table();
}

const Tool* find(std::string_view name)
{
    const auto at = std::ranges::lower_bound(table(), name, {}, &Tool::name);
    return at != table().end() && at->name == name ? &*at : nullptr;
}

bool takes_idempotency_key(const Tool& tool)
{
    return tool.needs_target() && std::ranges::any_of(tool.rights, [](const Right& right) {
               return right.tier > Tier::observe;
           });
}

std::string as_text(const Tool&, const nlohmann::json& content)
{
    return dump_json(content);
}

std::set<std::string> policy_parameters(const Tool& tool, const CommandCatalogue& commands)
{
    std::set<std::string> out;
    const auto schema = parse_json(tool.input_schema);
    const auto* properties = schema ? find_member(*schema, "properties") : nullptr;
    if (properties) {
        for (const auto& [name, type] : properties->items()) {
            // Objects are free-form; rules look at named members of them only.
            if (text_member(type, "type") != "object") out.insert(name);
        }
    }
    if (tool.name != "execute_command") return out;
    out.insert({"category", "requires_confirmation"});
    for (const auto& command : commands.all()) {
        for (const auto& parameter : command.parameters) {
            out.insert("parameters." + parameter.name);
        }
    }
    return out;
}

}  // namespace tailops::tools
