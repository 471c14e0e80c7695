#include "policy/tool_clauses.hpp"

#include "gateway/core/text.hpp"
#include "policy/file_names.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

using Tools = std::vector<const Vocabulary::Tool*>;

struct Named {
    ListedName name;
    CapabilitySet capabilities;  // what the name stands for
};

/// What may be written where a capability is due: each of them, each "domain:*", and "*".
const std::set<std::string>& capability_words()
{
    static const std::set<std::string> words = [] {
        std::set<std::string> out{"*"};
        for (const auto& known : known_capabilities()) {
            out.emplace(known.name);
            out.insert(std::string{known.name.substr(0, known.name.find(':'))} + ":*");
        }
        return out;
    }();
    return words;
}

CapabilitySet expand(const std::string& word)
{
    CapabilitySet out;
    for (const auto& known : known_capabilities()) {
        const auto domain = known.name.substr(0, known.name.find(':') + 1);
        if (word != "*" && word != known.name && word != std::string{domain} + "*") continue;
        if (const auto capability = Capability::find(known.name)) out.insert(*capability);
    }
    return out;
}

bool intersect(const CapabilitySet& a, const CapabilitySet& b)
{
    return std::ranges::any_of(a, [&](Capability c) { return b.contains(c); });
}

std::set<std::string> tool_names(const Vocabulary& vocabulary)
{
    std::set<std::string> out;
    for (const auto& [name, tool] : vocabulary.tools) out.insert(name);
    return out;
}

/// Capabilities that no listed tool exercises, and tools that exercise none of those listed.
void check_pairs(const std::vector<Named>& capabilities,
                 const std::vector<ListedName>& tools,
                 const Vocabulary& vocabulary,
                 yaml::MapReader& rule)
{
    CapabilitySet exercised;
    for (const auto& tool : tools) {
        const auto known = vocabulary.tools.find(tool.text);
        if (known == vocabulary.tools.end()) return;  // complained of already
        exercised.merge(known->second.capabilities);
    }
    CapabilitySet listed;
    bool sound = true;
    for (const auto& [name, expanded] : capabilities) {
        listed.merge(expanded);
        if (intersect(expanded, exercised)) continue;
        sound = false;
        rule.complain(name.at, tools.size() == 1
                                   ? "tool " + quote(tools.front().text) + " never exercises " +
                                         quote(name.text)
                                   : "no tool of this rule exercises " + quote(name.text));
    }
    if (!sound) return;
    for (const auto& tool : tools) {
        if (intersect(vocabulary.tools.find(tool.text)->second.capabilities, listed)) continue;
        rule.complain(tool.at,
                      "tool " + quote(tool.text) + " exercises no capability of this rule");
    }
}

}  // namespace

ToolClauses read_tool_clauses(yaml::MapReader& rule, const Vocabulary& vocabulary)
{
    ToolClauses out;
    const auto tools = listed_names(rule, "tools");
    for (const auto& tool : tools) check_known(tool, "tool", tool_names(vocabulary), rule);
    out.tools = texts_of(tools);

    std::vector<Named> capabilities;
    bool all = false;
    bool all_known = true;
    for (auto& name : listed_names(rule, "capabilities")) {
        check_known(name, "capability", capability_words(), rule);
        auto expanded = expand(name.text);
        all |= name.text == "*";
        all_known &= !expanded.empty();
        out.capabilities.merge(expanded);
        capabilities.push_back({std::move(name), std::move(expanded)});
    }
    // "*" is the clause that says nothing.
    if (all) out.capabilities.clear();
    if (!tools.empty() && !capabilities.empty() && all_known) {
        check_pairs(capabilities, tools, vocabulary, rule);
    }
    return out;
}

void check_parameter(const yaml::Node::Entry& parameter,
                     const Rule& rule,
                     const Vocabulary& vocabulary,
                     yaml::Problems& problems,
                     const std::string& file)
{
    for (const auto& name : rule.tools) {
        const auto tool = vocabulary.tools.find(name);
        if (tool == vocabulary.tools.end()) continue;  // complained of already
        const auto& known = tool->second.parameters;
        if (known.contains(parameter.key)) continue;
        problems.add(file, parameter.place,
                     "tool " + quote(name) + " has no parameter " + quote(parameter.key) +
                         suggestion(parameter.key, known));
    }
    if (!rule.tools.empty()) return;
    std::set<std::string> known;
    for (const auto& [name, tool] : vocabulary.tools) {
        if (!rule.capabilities.empty() && !intersect(tool.capabilities, rule.capabilities))
            continue;
        known.insert(tool.parameters.begin(), tool.parameters.end());
    }
    if (known.contains(parameter.key)) return;
    problems.add(file, parameter.place,
                 "no tool that this rule is about has a parameter " + quote(parameter.key) +
                     suggestion(parameter.key, known));
}

}  // namespace tailops::policy
