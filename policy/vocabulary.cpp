#include "policy/vocabulary.hpp"

namespace tailops::policy {

std::set<std::string> Vocabulary::tags() const
{
    std::set<std::string> out;
    for (const auto& [id, facts] : targets) out.insert(facts.tags.begin(), facts.tags.end());
    return out;
}

std::set<std::string> Vocabulary::environments() const
{
    std::set<std::string> out;
    for (const auto& [id, facts] : targets) {
        if (!facts.environment.empty()) out.insert(facts.environment);
    }
    return out;
}

CapabilitySet exercised_by(const std::vector<ToolForm>& tool)
{
    CapabilitySet out;
    for (const auto& form : tool) out.insert(form.capability);
    return out;
}

std::set<std::string> parameters_of(const std::vector<ToolForm>& tool)
{
    std::set<std::string> out;
    for (const auto& form : tool) {
        for (const auto& [name, shape] : form.parameters) out.insert(name);
    }
    return out;
}

}  // namespace tailops::policy
