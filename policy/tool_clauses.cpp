#include "policy/tool_clauses.hpp"

#include "gateway/core/text.hpp"
#include "policy/file_names.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

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

bool intersect(const CapabilitySet& a, const CapabilitySet& b)
{
    return std::ranges::any_of(a, [&](Capability c) { return b.contains(c); });
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
        exercised.merge(exercised_by(known->second));
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
        if (intersect(exercised_by(vocabulary.tools.find(tool.text)->second), listed)) continue;
        rule.complain(tool.at,
                      "tool " + quote(tool.text) + " exercises no capability of this rule");
    }
}

}  // namespace

CapabilitySet capabilities_meant(const std::string& word)
{
    CapabilitySet out;
    for (const auto& known : known_capabilities()) {
        const auto domain = known.name.substr(0, known.name.find(':') + 1);
        if (word != "*" && word != known.name && word != std::string{domain} + "*") continue;
        if (const auto capability = Capability::find(known.name)) out.insert(*capability);
    }
    return out;
}

ToolClauses read_tool_clauses(yaml::MapReader& rule, const Vocabulary& vocabulary)
{
    ToolClauses out;
    auto tools = restricting_names(rule, "tools");
    for (const auto& tool : tools) check_known(tool, "tool", names_in(vocabulary.tools), rule);
    out.tools = texts_of(tools);

    std::vector<Named> capabilities;
    bool all = false;
    bool all_known = true;
    for (auto& name : restricting_names(rule, "capabilities")) {
        check_known(name, "capability", capability_words(), rule);
        auto expanded = capabilities_meant(name.text);
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
    out.tool_names = std::move(tools);
    for (auto& [name, expanded] : capabilities) out.capability_names.push_back(std::move(name));
    return out;
}

std::vector<const ParameterShape*> shapes_of(const yaml::Node::Entry& parameter,
                                             const Rule& rule,
                                             const Vocabulary& vocabulary,
                                             yaml::MapReader& reader)
{
    std::vector<const ParameterShape*> out;
    std::set<std::string> known;
    bool all_have_it = true;
    for (const auto& [name, forms] : vocabulary.tools) {
        const bool is_listed = rule.tools.contains(name);
        if (!rule.tools.empty() && !is_listed) continue;
        const auto before = out.size();
        for (const auto& form : forms) {
            const bool is_meant =
                rule.capabilities.empty() || rule.capabilities.contains(form.capability);
            const auto shape = form.parameters.find(parameter.key);
            if ((is_meant || is_listed) && shape != form.parameters.end()) {
                out.push_back(&shape->second);
            }
            if (is_meant) known.merge(parameters_of({form}));
        }
        if (!is_listed || out.size() > before) continue;
        all_have_it = false;
        reader.problems().add(reader.map().file(), parameter.place,
                              "tool " + quote(name) + " has no parameter " + quote(parameter.key) +
                                  suggestion(parameter.key, parameters_of(forms)));
    }
    if (rule.tools.empty() && out.empty()) {
        reader.problems().add(reader.map().file(), parameter.place,
                              "no tool that this rule is about has a parameter " +
                                  quote(parameter.key) + suggestion(parameter.key, known));
    }
    return all_have_it ? out : std::vector<const ParameterShape*>{};
}

}  // namespace tailops::policy
