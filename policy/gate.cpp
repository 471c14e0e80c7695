#include "policy/gate.hpp"

#include "gateway/core/text.hpp"
#include "policy/match.hpp"
#include "policy/roles.hpp"
#include "policy/rule_index.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

/// Lets everyone ask the gateway about itself, whatever the file says, unless a rule denies it.
Rule self_rule()
{
    Rule rule;
    rule.id = RuleId{std::string{built_in_rule}};
    rule.effect = Effect::allow;
    rule.capabilities = {gateway_read()};
    rule.at_most = Tier::observe;
    return rule;
}

bool is_offered(const Capability& action, const TargetFacts& target)
{
    return action == gateway_read() || target.offers.contains(action);
}

/// Why the caller may not even ask, whatever the rules say.
std::optional<std::string> refusal(const AccessRequest& request)
{
    const auto& [principal, tool, action, tier, target, parameters, now] = request;
    if (principal.identity.expires <= now) return "the token has expired";
    if (!principal.capabilities.contains(action)) {
        return brings_scopes(principal.identity)
                   ? "the token lacks the scope " + quote(action.text())
                   : "no role of yours grants " + quote(action.text());
    }
    if (!is_offered(action, target)) {
        return "target " + quote(target.id.view()) + " does not offer " + action.text();
    }
    return std::nullopt;
}

/// Adds up the rules that match, in whatever order they come.
class Tally {
public:
    bool could_change_by(const Rule& rule) const noexcept
    {
        return !decisive_ || rank(rule.effect) >= rank(decisive_->effect);
    }

    void add(const Rule& rule)
    {
        if (!could_change_by(rule)) return;
        if (!decisive_ || rank(rule.effect) > rank(decisive_->effect)) {
            decisive_ = &rule;
            obligations_ = rule.obligations;
            return;
        }
        obligations_.timeout = std::min(obligations_.timeout, rule.obligations.timeout);
        obligations_.output_limit_bytes =
            std::min(obligations_.output_limit_bytes, rule.obligations.output_limit_bytes);
        obligations_.dry_run |= rule.obligations.dry_run;
        if (rule.id < decisive_->id) decisive_ = &rule;
    }

    Decision decision() const
    {
        Decision decision;
        if (!decisive_) return decision;
        decision.effect = decisive_->effect;
        decision.rule = decisive_->id;
        decision.why = "decided by rule " + decisive_->id.str();
        if (!decisive_->reason.empty()) decision.why += ": " + decisive_->reason;
        if (decision.effect == Effect::deny) return decision;
        decision.obligations = obligations_;
        decision.obligations.dry_run |= decision.effect == Effect::dry_run_only;
        return decision;
    }

private:
    const Rule* decisive_{nullptr};  // of the highest rank so far, the smallest id among equals
    Obligations obligations_;        // of all matching rules of that rank, combined
};

/// Makes an allow a require_approval where the target asks for one. Whether it did.
bool ask_for_target(Decision& decision, const TargetFacts& target, Tier tier)
{
    const bool asks = target.requires_approval && tier > Tier::observe;
    if (!asks || decision.effect != Effect::allow) return false;
    decision.effect = Effect::require_approval;
    decision.why += "; target " + quote(target.id.view()) + " asks for approval";
    return true;
}

Gate::Outlook::Condition condition_of(const Rule& rule)
{
    Gate::Outlook::Condition condition{
        .rule = rule.id, .effect = rule.effect, .tools = rule.tools, .parameters = {}};
    for (const auto& [name, constraint] : rule.parameters) condition.parameters.push_back(name);
    return condition;
}

RuleIndex::Rules rules_of(const Policy& policy, const Rule& self)
{
    RuleIndex::Rules rules;
    for (const auto& rule : policy.rules) rules.push_back(&rule);
    rules.push_back(&self);
    return rules;
}

Question question_of(const AccessRequest& request, const std::string& key)
{
    return {.principal = request.principal,
            .principal_key = key,
            .tool = &request.tool,
            .action = request.action,
            .tier = request.tier,
            .target = request.target,
            .parameters = &request.parameters};
}

}  // namespace

struct Gate::Index {
    explicit Index(Policy p)
        : policy{std::move(p)},
          self{self_rule()},
          rules{rules_of(policy, self)}
    {
    }

    Decision weigh(const AccessRequest& request) const
    {
        if (auto why = refusal(request)) {
            Decision decision;
            decision.why = *std::move(why);
            return decision;
        }
        const auto key = request.principal.identity.key();
        const auto question = question_of(request, key);
        Tally tally;
        rules.each_candidate(question, [&](const Rule& rule) {
            if (tally.could_change_by(rule) && match(rule, question).fit == Fit::yes) {
                tally.add(rule);
            }
        });
        auto decision = tally.decision();
        ask_for_target(decision, request.target, request.tier);
        return decision;
    }

    /// Whether some rule may permit what the question leaves open and none surely denies it.
    /// `permitting` gets those rules.
    bool may_permit(const Question& question, RuleIndex::Rules& permitting) const
    {
        bool denied = false;
        rules.each_candidate(question, [&](const Rule& rule) {
            if (denied) return;
            const auto fit = match(rule, question).fit;
            if (rule.effect == Effect::deny)
                denied = fit == Fit::yes;
            else if (fit != Fit::no)
                permitting.push_back(&rule);
        });
        return !denied && !permitting.empty();
    }

    Policy policy;
    Rule self;
    RuleIndex rules;
};

Gate::Gate(Policy policy) : index_{std::make_unique<const Index>(std::move(policy))} {}

Gate::~Gate() = default;

auth::Principal Gate::admit(auth::Identity identity) const
{
    return policy::admit(std::move(identity), index_->policy.roles);
}

Verdict Gate::decide(const AccessRequest& request) const
{
    Verdict verdict{.decision = index_->weigh(request), .permit = std::nullopt};
    const auto effect = verdict.decision.effect;
    if (effect == Effect::allow || effect == Effect::dry_run_only) {
        verdict.permit = Permit{request.target.id, request.action, verdict.decision.obligations};
    }
    return verdict;
}

bool Gate::could_allow(const auth::Principal& principal,
                       const ToolName& tool,
                       const Capability& action,
                       Tier tier,
                       const TargetFacts& target) const
{
    if (!principal.capabilities.contains(action) || !is_offered(action, target)) return false;
    const auto key = principal.identity.key();
    RuleIndex::Rules permitting;
    return index_->may_permit({.principal = principal,
                               .principal_key = key,
                               .tool = &tool,
                               .action = action,
                               .tier = tier,
                               .target = target,
                               .parameters = nullptr},
                              permitting);
}

bool Gate::can_see(const auth::Principal& principal, const TargetFacts& target) const
{
    const auto key = principal.identity.key();
    const auto visible_by = [&](const Capability& action) {
        // Everyone may ask about the gateway: that shows the gateway and no machine.
        if (action == gateway_read() && target.id != gateway_target) return false;
        if (!is_offered(action, target)) return false;
        for (const auto tier : {Tier::observe, Tier::control, Tier::admin}) {
            RuleIndex::Rules permitting;
            if (!index_->may_permit({.principal = principal,
                                     .principal_key = key,
                                     .tool = nullptr,
                                     .action = action,
                                     .tier = tier,
                                     .target = target,
                                     .parameters = nullptr},
                                    permitting)) {
                continue;
            }
            for (const auto* rule : permitting) {
                if (rule->tools.empty()) return true;
                const auto usable = [&](const std::string& tool) {
                    return could_allow(principal, ToolName{tool}, action, tier, target);
                };
                if (std::ranges::any_of(rule->tools, usable)) return true;
            }
        }
        return false;
    };
    return std::ranges::any_of(principal.capabilities, visible_by);
}

Gate::Explanation Gate::explain(const AccessRequest& request) const
{
    Explanation explanation{.decision = index_->weigh(request), .rules = {}};
    const auto key = request.principal.identity.key();
    const auto question = question_of(request, key);
    for (const auto* rule : index_->rules.all()) {
        const auto found = match(*rule, question);
        explanation.rules.push_back({.rule = rule->id,
                                     .effect = rule->effect,
                                     .matched = found.fit == Fit::yes,
                                     .why = describe(found, *rule, question)});
    }
    return explanation;
}

Gate::Outlook Gate::outlook(const auth::Principal& principal,
                            const Capability& action,
                            Tier tier,
                            const TargetFacts& target) const
{
    Outlook outlook;
    if (!principal.capabilities.contains(action) || !is_offered(action, target)) return outlook;
    const auto key = principal.identity.key();
    const Question question{.principal = principal,
                            .principal_key = key,
                            .tool = nullptr,
                            .action = action,
                            .tier = tier,
                            .target = target,
                            .parameters = nullptr};
    Tally tally;
    RuleIndex::Rules open;
    index_->rules.each_candidate(question, [&](const Rule& rule) {
        const auto fit = match(rule, question).fit;
        if (fit == Fit::yes) tally.add(rule);
        if (fit == Fit::maybe) open.push_back(&rule);
    });
    outlook.decision = tally.decision();
    outlook.target_asks = ask_for_target(outlook.decision, target, tier);
    const bool is_settled = outlook.decision.effect == Effect::deny && outlook.decision.rule;
    for (const auto* rule : open) {
        if (is_settled || !tally.could_change_by(*rule)) continue;
        outlook.conditions.push_back(condition_of(*rule));
    }
    std::ranges::sort(outlook.conditions, {}, &Outlook::Condition::rule);
    return outlook;
}

const Policy& Gate::policy() const noexcept
{
    return index_->policy;
}
const std::string& Gate::version() const noexcept
{
    return index_->policy.version;
}

}  // namespace tailops::policy
