#include "policy/possible.hpp"

#include "gateway/core/ids.hpp"
#include "policy/constraint.hpp"
#include "policy/match.hpp"

#include <algorithm>
#include <cmath>

namespace tailops::policy {
namespace {

using Kind = ParameterShape::Kind;

bool comes_as(const Value& value, const ParameterShape& shape)
{
    return !shape.accept || shape.accept(value).has_value();
}

/// Whether a number of the shape lies in the range of the condition.
bool ranges_meet(const Constraint& constraint, const ParameterShape& shape)
{
    const auto low = std::max(constraint.min.value_or(-INFINITY), shape.min.value_or(-INFINITY));
    const auto high = std::min(constraint.max.value_or(INFINITY), shape.max.value_or(INFINITY));
    if (shape.kinds.contains(Kind::number)) return low <= high;
    return std::ceil(low) <= std::floor(high);
}

bool is_numeric(Kind kind)
{
    return kind == Kind::whole || kind == Kind::number;
}

/// Whether an argument of the shape may be of another type than `value`: then it is unknown.
bool may_differ_in_type(const ParameterShape& shape, const Value& value)
{
    static constexpr Kind kinds[] = {Kind::text, Kind::whole, Kind::number, Kind::boolean,
                                     Kind::list};  // in the order of Value's alternatives
    const auto kind = kinds[value.index()];
    if (shape.kinds.empty()) return true;
    return std::ranges::any_of(shape.kinds, [&](Kind other) {
        return other != kind && !(is_numeric(other) && is_numeric(kind));
    });
}

bool only_numbers(const ParameterShape& shape)
{
    return !shape.kinds.empty() && std::ranges::all_of(shape.kinds, is_numeric);
}

}  // namespace

bool could_meet(const Constraint& constraint, const ParameterShape& shape, Effect effect)
{
    const auto meets = [&](const Value& value) {
        return satisfies(evaluate(constraint, &value).truth, effect);
    };
    // What is absent is unknown, and so are lists of which some items hold.
    if (effect != Effect::allow && shape.may_be_absent) return true;
    if (shape.kinds.contains(Kind::list)) return true;
    if (!shape.choices.empty()) {
        return std::ranges::any_of(shape.choices,
                                   [&](const auto& choice) { return meets(Value{choice}); });
    }
    std::vector<Value> wanted = constraint.one_of;
    if (constraint.equals) wanted = {*constraint.equals};
    if (!wanted.empty()) {
        return std::ranges::any_of(wanted, [&](const Value& value) {
            if (effect != Effect::allow && may_differ_in_type(shape, value)) return true;
            return comes_as(value, shape) && meets(value);
        });
    }
    if ((constraint.min || constraint.max) && only_numbers(shape)) {
        return ranges_meet(constraint, shape);
    }
    return !constraint.max_length || *constraint.max_length >= shape.length_min;
}

bool could_be_about(const Rule& rule, std::string_view tool, const ToolForm& form)
{
    if (!rule.tools.empty() && !rule.tools.contains(std::string{tool})) return false;
    if (!rule.capabilities.empty() && !rule.capabilities.contains(form.capability)) return false;
    return std::ranges::all_of(rule.parameters, [&](const auto& entry) {
        const auto shape = form.parameters.find(entry.first);
        // An argument that no such call has is unknown: it fails an allowing rule alone.
        if (shape == form.parameters.end()) return rule.effect != Effect::allow;
        return could_meet(entry.second, shape->second, rule.effect);
    });
}

bool could_decide(const Rule& rule, std::string_view tool, const ToolForm& form)
{
    return within_tiers(rule, form.tier) && could_be_about(rule, tool, form);
}

std::vector<NamedForm> forms_of(const Rule& rule, const Vocabulary& vocabulary)
{
    std::vector<NamedForm> out;
    for (const auto& [tool, forms] : vocabulary.tools) {
        for (const auto& form : forms) {
            if (could_decide(rule, tool, form)) out.push_back({tool, &form});
        }
    }
    return out;
}

bool is_possible_on(const ToolForm& form, const TargetFacts& target)
{
    const bool is_gateway = target.id == gateway_target;
    if ((form.about == ToolForm::About::gateway) != is_gateway) return false;
    if (!form.kinds.empty() && !target.kind.empty() && !form.kinds.contains(target.kind)) {
        return false;
    }
    return form.capability == gateway_read() || target.offers.contains(form.capability);
}

}  // namespace tailops::policy
