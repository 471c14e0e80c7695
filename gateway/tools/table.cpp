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

}  // namespace tailops::tools
