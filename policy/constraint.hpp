#pragma once

#include "policy/rule.hpp"

#include <string_view>

namespace tailops::policy {

/// Whether a condition holds. `unknown`: the argument is absent, of another type, not canonical, or
/// a list of which only some items hold; it satisfies every rule but an allowing one.
enum class Truth { no, unknown, yes };

/// How a constraint came out: the first condition that does not hold, by its name in the file.
struct Finding {
    Truth truth{Truth::yes};
    std::string_view condition;  // "one_of"; empty when all hold
};

/// Whether letters that differ in nothing but their case (ASCII) are the same letter.
enum class Letters { exact, any_case };

/// Evaluates `constraint` on an argument; null means the argument is absent. A `no` outweighs an
/// `unknown`. `one_of`, `path_under` and `pattern` look at each item of a list.
Finding evaluate(const Constraint& constraint,
                 const Value* value,
                 Letters letters = Letters::exact);

/// Whether an argument of this truth satisfies a rule of this effect.
constexpr bool satisfies(Truth truth, Effect effect) noexcept
{
    return effect == Effect::allow ? truth == Truth::yes : truth != Truth::no;
}

/// Numbers compare by value whatever their type; all else compares within one type.
bool same_value(const Value& a, const Value& b);

/// Whether every argument on which `narrow` holds satisfies a denying rule with `wide`. Says no
/// when it cannot tell.
bool implies(const Constraint& narrow, const Constraint& wide);

bool same_constraint(const Constraint& a, const Constraint& b);

}  // namespace tailops::policy
