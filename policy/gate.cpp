#include "policy/gate.hpp"

#include "gateway/core/text.hpp"
#include "policy/match.hpp"
#include "policy/roles.hpp"
#include "policy/rule_index.hpp"

#include <algorithm>
#include <array>

namespace tailops::policy {
namespace {

constexpr std::array effects{Effect::allow, Effect::dry_run_only, Effect::require_approval,
                             Effect::deny};

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
    const auto& principal = request.principal;
    const auto& action = request.action;
    const auto& target = request.target;
    if (principal.identity.expires <= request.now) return "the token has expired";
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
        obligations_.has_own_timeout |= rule.obligations.has_own_timeout;
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

/// Keeps the answer from being milder than that to any other call of this caller there.
void hold_back(Decision& decision, const AccessRequest& request)
{
    if (rank(request.mildest) <= rank(decision.effect)) return;
    // What is decided is not what the rule says.
    if (decision.rule) {
        decision.why = "rule " + decision.rule->str() + " alone says " +
                       std::string{to_string(decision.effect)};
    }
    decision.effect = request.mildest;
    decision.why += "; all else you may do on target " + quote(request.target.id.view());
    switch (request.mildest) {
    case Effect::dry_run_only:
        decision.why += " is a dry run";
        decision.obligations.dry_run = true;
        break;
    case Effect::require_approval: decision.why += " needs an approval"; break;
    case Effect::deny:
        decision.why += " is refused";
        decision.rule.reset();
        decision.obligations = {};
        break;
    case Effect::allow: break;
    }
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
            .parameters = &request.parameters,
            .aliases = &request.aliases};
}

/// The same, while the arguments are open.
Question open_question_of(const AccessRequest& request, const std::string& key)
{
    auto question = question_of(request, key);
    question.parameters = nullptr;
    question.aliases = nullptr;
    return question;
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
        hold_back(decision, request);
        return decision;
    }

    /// The mildest effect that some call, of those the question leaves open, may come to.
    Effect mildest(const Question& question) const
    {
        std::optional<int> certain, possible;  // the strongest of these, the mildest of those
        rules.each_candidate(question, [&](const Rule& rule) {
            const auto fit = match(rule, question).fit;
            if (fit == Fit::yes) certain = std::max(certain.value_or(0), rank(rule.effect));
            if (fit == Fit::maybe) possible = std::min(possible.value_or(3), rank(rule.effect));
        });
        const auto outcome = certain ? certain : possible;
        if (!outcome) return Effect::deny;
        Decision decision;
        for (const auto effect : effects) {
            if (rank(effect) == *outcome) decision.effect = effect;
        }
        ask_for_target(decision, question.target, question.tier);
        return decision.effect;
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
        verdict.permit = Permit{request.principal.identity.key(), request.target.id, request.action,
                                request.tier, verdict.decision.obligations};
    }
    return verdict;
}

Effect Gate::mildest(const auth::Principal& principal,
                     const ToolName& tool,
                     const Capability& action,
                     Tier tier,
                     const TargetFacts& target) const
{
    if (!principal.capabilities.contains(action) || !is_offered(action, target)) {
        return Effect::deny;
    }
    const auto key = principal.identity.key();
    return index_->mildest({.principal = principal,
                            .principal_key = key,
                            .tool = &tool,
                            .action = action,
                            .tier = tier,
                            .target = target,
                            .parameters = nullptr});
}

Effect Gate::mildest(const AccessRequest& request, const std::set<std::string>& open) const
{
    if (!request.principal.capabilities.contains(request.action) ||
        !is_offered(request.action, request.target)) {
        return Effect::deny;
    }
    const auto key = request.principal.identity.key();
    auto question = question_of(request, key);
    question.open = &open;
    return index_->mildest(question);
}

bool Gate::could_allow(const auth::Principal& principal,
                       const ToolName& tool,
                       const Capability& action,
                       Tier tier,
                       const TargetFacts& target) const
{
    return mildest(principal, tool, action, tier, target) != Effect::deny;
}

bool Gate::depends_on(const AccessRequest& request, std::string_view parameter) const
{
    if (refusal(request)) return false;
    const auto key = request.principal.identity.key();
    const auto open = open_question_of(request, key);
    if (index_->mildest(open) == Effect::deny) return false;
    bool found = false;
    index_->rules.each_candidate(open, [&](const Rule& rule) {
        if (found || !rule.parameters.contains(parameter)) return;
        found = match(rule, open).fit != Fit::no;
    });
    return found;
}

std::optional<Permit> Gate::permit_to_look_up(const AccessRequest& request,
                                              std::string_view parameter) const
{
    if (!depends_on(request, parameter)) return std::nullopt;
    // What an engine says of one container is longer than what a model is shown.
    constexpr std::size_t room_bytes = 1024 * 1024;
    return Permit{request.principal.identity.key(), request.target.id, request.action,
                  Tier::observe, Obligations{.output_limit_bytes = room_bytes}};
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
    // A rule that the caller matches in two ways is a candidate twice.
    const auto twice = std::ranges::unique(outlook.conditions, {}, &Outlook::Condition::rule);
    outlook.conditions.erase(twice.begin(), twice.end());
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
