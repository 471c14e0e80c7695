#include "policy/rule_index.hpp"

#include "policy/glob.hpp"

#include <algorithm>
#include <array>

namespace tailops::policy {
namespace {

// Stands for "any capability" in a key, and for "no clause to go by".
constexpr std::uint32_t any = 0;

constexpr std::uint64_t key_of(std::uint32_t capability, std::uint32_t value) noexcept
{
    return std::uint64_t{capability} << 32 | value;
}

}  // namespace

RuleIndex::RuleIndex(Rules rules) : rules_{std::move(rules)}
{
    std::unordered_map<Key, std::size_t> sharing;
    for (const auto* rule : rules_) count(*rule, sharing);
    for (const auto* rule : rules_) place(*rule, sharing);
    // Strong rules first: once one matches, the weaker ones need no look.
    const auto strength = [](const Rule* rule) { return -rank(rule->effect); };
    for (auto& [key, bucket] : buckets_) std::ranges::stable_sort(bucket, {}, strength);
}

/// The names that the rule lists for a field, or null when they say nothing or cannot be looked up.
const std::set<std::string>* RuleIndex::names(const Rule& rule, Field field)
{
    const auto usable = [](const std::set<std::string>& set) {
        return set.empty() ? nullptr : &set;
    };
    switch (field) {
    case Field::subject: return usable(rule.principals.subjects);
    case Field::role: return usable(rule.principals.roles);
    case Field::group: return usable(rule.principals.groups);
    case Field::client: return usable(rule.principals.clients);
    case Field::scope: return usable(rule.principals.scopes);
    case Field::tool: return usable(rule.tools);
    case Field::target:
        return std::ranges::any_of(rule.targets.ids, is_glob) ? nullptr : usable(rule.targets.ids);
    case Field::tag: return usable(rule.targets.tags);
    case Field::environment: return usable(rule.targets.environments);
    }
    return nullptr;
}

std::uint32_t RuleIndex::number(Field field, const std::string& name)
{
    const auto [at, is_new] =
        numbers_[static_cast<std::size_t>(field)].try_emplace(name, next_number_);
    if (is_new) ++next_number_;
    return at->second;
}

std::vector<std::uint32_t> RuleIndex::capability_numbers(const Rule& rule)
{
    if (rule.capabilities.empty()) return {any};
    std::vector<std::uint32_t> out;
    for (const auto& capability : rule.capabilities) {
        const auto next = static_cast<std::uint32_t>(capabilities_.size() + 1);
        out.push_back(capabilities_.try_emplace(capability, next).first->second);
    }
    return out;
}

/// Counts how many rules share each capability and value.
void RuleIndex::count(const Rule& rule, std::unordered_map<Key, std::size_t>& sharing)
{
    const auto rule_capabilities = capability_numbers(rule);
    for (std::size_t i = 0; i < field_count; ++i) {
        const auto field = static_cast<Field>(i);
        const auto* listed = names(rule, field);
        if (!listed) continue;
        for (const auto& name : *listed) {
            const auto value = number(field, name);
            for (const auto capability : rule_capabilities) ++sharing[key_of(capability, value)];
        }
    }
}

/// Puts the rule into the buckets of the field whose fullest bucket is the smallest.
void RuleIndex::place(const Rule& rule, const std::unordered_map<Key, std::size_t>& sharing)
{
    const auto rule_capabilities = capability_numbers(rule);
    std::vector<std::uint32_t> best{any};
    bool best_is_tool = false;
    auto fullest_of_best = rules_.size() + 1;
    for (std::size_t i = 0; i < field_count; ++i) {
        const auto field = static_cast<Field>(i);
        const auto* listed = names(rule, field);
        if (!listed) continue;
        std::vector<std::uint32_t> values;
        std::size_t fullest = 0;
        for (const auto& name : *listed) {
            values.push_back(number(field, name));
            for (const auto capability : rule_capabilities) {
                fullest =
                    std::max(fullest, sharing.find(key_of(capability, values.back()))->second);
            }
        }
        if (fullest >= fullest_of_best) continue;
        fullest_of_best = fullest;
        best = std::move(values);
        best_is_tool = field == Field::tool;
    }
    for (const auto capability : rule_capabilities) {
        for (const auto value : best) buckets_[key_of(capability, value)].push_back(&rule);
        if (best_is_tool) by_tool_[capability].push_back(&rule);
    }
}

/// The numbers of everything the question says that some rule asks for.
std::vector<std::uint32_t> RuleIndex::values_of(const Question& question) const
{
    std::vector<std::uint32_t> out;
    out.reserve(32);
    out.push_back(any);
    const auto add = [&](Field field, const std::string& name) {
        const auto& known = numbers_[static_cast<std::size_t>(field)];
        if (known.empty()) return;
        if (const auto at = known.find(name); at != known.end()) out.push_back(at->second);
    };
    const auto add_all = [&](Field field, const std::set<std::string>& listed) {
        if (numbers_[static_cast<std::size_t>(field)].empty()) return;
        for (const auto& name : listed) add(field, name);
    };
    const auto& identity = question.principal.identity;
    add(Field::subject, identity.subject.str());
    add(Field::subject, identity.name);
    add(Field::subject, question.principal_key);
    add_all(Field::role, question.principal.roles);
    add_all(Field::group, identity.groups);
    add(Field::client, identity.client_id);
    if (identity.scopes) add_all(Field::scope, *identity.scopes);
    if (question.tool) add(Field::tool, question.tool->str());
    add(Field::target, question.target.id.str());
    add_all(Field::tag, question.target.tags);
    add(Field::environment, question.target.environment);
    return out;
}

std::vector<std::span<const Rule* const>> RuleIndex::buckets_of(const Question& question) const
{
    std::array<std::uint32_t, 2> wanted{any, any};
    const auto known = capabilities_.find(question.action);
    if (known != capabilities_.end()) wanted[1] = known->second;
    const std::span of_interest{wanted.data(), known == capabilities_.end() ? 1U : 2U};

    std::vector<std::span<const Rule* const>> out;
    out.reserve(32);
    const auto values = values_of(question);
    for (const auto capability : of_interest) {
        for (const auto value : values) {
            const auto at = buckets_.find(key_of(capability, value));
            if (at != buckets_.end()) out.emplace_back(at->second);
        }
        if (question.tool) continue;
        const auto at = by_tool_.find(capability);
        if (at != by_tool_.end()) out.emplace_back(at->second);
    }
    return out;
}

}  // namespace tailops::policy
