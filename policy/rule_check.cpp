#include "policy/rule_check.hpp"

#include "gateway/core/text.hpp"
#include "policy/match.hpp"
#include "policy/name_list.hpp"
#include "policy/possible.hpp"
#include "policy/tool_clauses.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

using Forms = std::vector<NamedForm>;

/// How many names a message lists before it says "...".
constexpr std::size_t names_shown_max = 4;

/// Why none of `forms` is within the rule's tiers, and what to write.
std::string tier_complaint(const Rule& rule, const Forms& forms)
{
    const auto by_tier = [](const NamedForm& one) { return one.form->tier; };
    const auto lowest = std::ranges::min(forms, {}, by_tier).form->tier;
    const std::string needed{to_string(lowest)};
    if (rule.effect != Effect::deny && rule.at_most < lowest) {
        return "of tier " + needed + ", and the rule ends at " +
               std::string{to_string(rule.at_most)} + "; write \"tier: " + needed + '"';
    }
    const auto highest = std::ranges::max(forms, {}, by_tier).form->tier;
    return "of tier " + std::string{to_string(highest)} + ", and the rule begins at " +
           std::string{to_string(rule.at_least)} + "; lower \"tier_from\" or leave it out";
}

class RuleCheck {
public:
    RuleCheck(const Rule& rule,
              const RulePlaces& places,
              const Vocabulary& vocabulary,
              yaml::MapReader& reader)
        : rule_{rule},
          places_{places},
          vocabulary_{vocabulary},
          reader_{reader}
    {
    }

    void check()
    {
        const auto before = reader_.problems().all().size();
        for (const auto& tool : places_.tools) check_tool(tool);
        if (reader_.problems().all().size() != before) return;
        for (const auto& name : places_.capabilities) check_capability(name);
        if (reader_.problems().all().size() != before) return;
        const auto forms = forms_of(rule_, vocabulary_);
        if (forms.empty()) return check_why_nothing();
        for (const auto& id : places_.target_ids) check_target(id, forms);
        if (reader_.problems().all().size() == before) check_selection(forms);
    }

private:
    void add(yaml::Place place, std::string text)
    {
        reader_.problems().add(reader_.map().file(), place, std::move(text));
    }
    void notice(yaml::Place place, const std::string& text)
    {
        reader_.problems().notice(
            reader_.map().file(), place,
            "rule " + quote(rule_.id.view()) + " decides nothing today: " + text);
    }

    void check_tool(const ListedName& name)
    {
        const auto tool = vocabulary_.tools.find(name.text);
        if (tool == vocabulary_.tools.end()) return;  // complained of already
        Forms about;
        for (const auto& form : tool->second) {
            if (could_be_about(rule_, name.text, form)) about.push_back({name.text, &form});
        }
        if (about.empty()) {
            add(name.at.place(), "no call of tool " + quote(name.text) +
                                     " meets this rule's conditions on arguments");
        } else if (std::ranges::none_of(about, [&](const NamedForm& one) {
                       return within_tiers(rule_, one.form->tier);
                   })) {
            add(name.at.place(), "calls of tool " + quote(name.text) +
                                     (rule_.parameters.empty() ? "" : " with such arguments") +
                                     " are " + tier_complaint(rule_, about));
        }
    }

    void check_capability(const ListedName& name)
    {
        if (name.text == "*") return;
        const auto meant = capabilities_meant(name.text);
        Forms about;
        for (const auto& [tool, forms] : vocabulary_.tools) {
            for (const auto& form : forms) {
                if (!meant.contains(form.capability)) continue;
                if (could_be_about(rule_, tool, form)) about.push_back({tool, &form});
            }
        }
        if (about.empty()) return;  // of no use yet, or the conditions: said of the rule as a whole
        const bool is_within = std::ranges::any_of(
            about, [&](const NamedForm& one) { return within_tiers(rule_, one.form->tier); });
        if (is_within) return;
        add(name.at.place(), "calls that need " + quote(name.text) +
                                 (rule_.parameters.empty() ? "" : " with such arguments") +
                                 " are " + tier_complaint(rule_, about));
    }

    /// No call can meet the rule, and no one word is to blame.
    void check_why_nothing()
    {
        if (!rule_.parameters.empty()) {
            add(places_.parameters,
                "no call within this rule's tiers meets its conditions on arguments");
        } else {
            notice(reader_.map().place(), places_.capabilities.empty()
                                              ? "no tool of this version acts at its tiers"
                                              : "no tool of this version uses its capabilities");
        }
    }

    void check_target(const ListedName& id, const Forms& forms)
    {
        const auto target = vocabulary_.targets.find(id.text);
        if (target == vocabulary_.targets.end()) return;  // a glob, or complained of already
        const bool is_possible = std::ranges::any_of(
            forms, [&](const NamedForm& one) { return is_possible_on(*one.form, target->second); });
        if (is_possible) return;
        const auto why = "target " + quote(id.text) + missing_on(target->second, forms);
        // What the rule does not name, or denies, a target may well lack for the time being.
        if (names_something() && rule_.effect != Effect::deny) {
            add(id.at.place(), why);
        } else {
            reader_.problems().notice(
                reader_.map().file(), id.at.place(),
                "rule " + quote(rule_.id.view()) + " decides nothing there today: " + why);
        }
    }

    static std::string missing_on(const TargetFacts& target, const Forms& forms)
    {
        if (target.id == gateway_target) {
            return " is the gateway itself, of which nothing that this rule is about is asked";
        }
        std::set<std::string> needed;
        for (const auto& one : forms) {
            if (one.form->about == ToolForm::About::target)
                needed.insert(one.form->capability.text());
        }
        // Offered, and impossible all the same.
        const bool is_offered = std::ranges::any_of(forms, [&](const NamedForm& one) {
            return one.form->about == ToolForm::About::target &&
                   target.offers.contains(one.form->capability);
        });
        if (is_offered) {
            return " is of the kind " + quote(target.kind) +
                   ", which can carry out nothing that this rule is about";
        }
        if (needed.empty()) {
            return " is not what this rule is about: its tools ask the gateway itself";
        }
        if (needed.size() == 1) return " does not offer " + name_list(needed, names_shown_max);
        return " offers nothing that this rule is about: " + name_list(needed, names_shown_max);
    }

    void check_selection(const Forms& forms)
    {
        const auto& targets = rule_.targets;
        if (targets.ids.empty() && targets.tags.empty() && targets.environments.empty()) return;
        std::set<std::string> selected;
        bool is_possible = false;
        for (const auto& [id, facts] : vocabulary_.targets) {
            if (mismatch(targets, facts) != Clause::none) continue;
            selected.insert(id);
            is_possible = is_possible || std::ranges::any_of(forms, [&](const NamedForm& one) {
                              return is_possible_on(*one.form, facts);
                          });
        }
        if (selected.empty()) {
            notice(places_.targets, "no target is all that its \"targets\" ask for");
            return;
        }
        // What restricts may be written for targets to come; ids written out are told one by one.
        const bool is_told = std::ranges::includes(targets.ids, selected);
        if (is_possible || is_told || !names_something() || rule_.effect != Effect::allow) return;
        notice(places_.targets, "none of its targets offers what it is about: " +
                                    name_list(selected, names_shown_max));
    }

    /// Whether the rule says of which tools or capabilities it is; one that does not is for all.
    bool names_something() const { return !rule_.tools.empty() || !rule_.capabilities.empty(); }

    const Rule& rule_;
    const RulePlaces& places_;
    const Vocabulary& vocabulary_;
    yaml::MapReader& reader_;
};

}  // namespace

void check_can_decide(const Rule& rule,
                      const RulePlaces& places,
                      const Vocabulary& vocabulary,
                      yaml::MapReader& reader)
{
    RuleCheck{rule, places, vocabulary, reader}.check();
}

}  // namespace tailops::policy
