#pragma once

#include "policy/match.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tailops::policy {

/// Finds the rules that may match a question without looking at all of them: by capability, and
/// within it by whichever clause of each rule (subject, role, ..., target, tool) the fewest rules
/// share. Rules that differ in nothing but their parameters are not told apart. Immutable. What it
/// leaves out could not match; what it returns still has to be matched.
class RuleIndex {
public:
    using Rules = std::vector<const Rule*>;

    /// The rules must outlive the index.
    explicit RuleIndex(Rules rules);

    /// Calls `visit` for every candidate, some of them twice, in no order that means anything.
    template <class Visit>
    void each_candidate(const Question& question, Visit visit) const
    {
        for (const auto& bucket : buckets_of(question)) {
            for (const auto* rule : bucket) visit(*rule);
        }
    }

    const Rules& all() const noexcept { return rules_; }

private:
    enum class Field { subject, role, group, client, scope, tool, target, tag, environment };
    static constexpr std::size_t field_count = 9;

    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Numbers = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
    using Key = std::uint64_t;  // the number of a capability, then that of a field's value

    static const std::set<std::string>* names(const Rule& rule, Field field);
    std::uint32_t number(Field field, const std::string& name);
    std::vector<std::uint32_t> capability_numbers(const Rule& rule);
    void count(const Rule& rule, std::unordered_map<Key, std::size_t>& sharing);
    void place(const Rule& rule, const std::unordered_map<Key, std::size_t>& sharing);
    std::vector<std::uint32_t> values_of(const Question& question) const;
    std::vector<std::span<const Rule* const>> buckets_of(const Question& question) const;

    Rules rules_;
    std::map<Capability, std::uint32_t> capabilities_;
    Numbers numbers_[field_count];
    std::uint32_t next_number_{1};
    std::unordered_map<Key, Rules> buckets_;
    std::unordered_map<std::uint32_t, Rules> by_tool_;  // those a question without a tool must see
};

}  // namespace tailops::policy
