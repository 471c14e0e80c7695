#include "policy/constraint.hpp"

#include "gateway/core/text.hpp"
#include "policy/letters.hpp"
#include "policy/paths.hpp"
#include "policy/pattern.hpp"

#include <algorithm>
#include <cmath>

namespace tailops::policy {
namespace {

using Texts = std::vector<std::string>;

constexpr Truth truth_of(bool holds) noexcept
{
    return holds ? Truth::yes : Truth::no;
}

/// long double has room for every int64 (64 bits of mantissa or more on our platforms).
std::optional<long double> number_in(const Value& value)
{
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
    if (const auto* real = std::get_if<double>(&value); real && !std::isnan(*real)) return *real;
    return std::nullopt;
}

bool comparable(const Value& a, const Value& b)
{
    return a.index() == b.index() || (number_in(a) && number_in(b));
}

/// A list holds when each of its items does; one of which only some hold is unknown.
template <class Check>
Truth for_each_item(const Texts& items, Check check)
{
    if (items.empty()) return Truth::unknown;
    const auto first = check(items.front());
    const bool alike =
        std::ranges::all_of(items, [&](const auto& item) { return check(item) == first; });
    return alike ? first : Truth::unknown;
}

template <class Check>
Truth for_text_or_items(const Value& value, Check check)
{
    if (const auto* text = std::get_if<std::string>(&value)) return check(*text);
    if (const auto* items = std::get_if<Texts>(&value)) return for_each_item(*items, check);
    return Truth::unknown;
}

Truth equals(const Value& wanted, const Value& value)
{
    return comparable(wanted, value) ? truth_of(same_value(wanted, value)) : Truth::unknown;
}

Truth one_of(const std::vector<Value>& choices, const Value& value)
{
    auto best = Truth::unknown;
    for (const auto& choice : choices) {
        const auto truth = equals(choice, value);
        if (truth == Truth::yes) return truth;
        if (truth == Truth::no) best = truth;
    }
    return best;
}

Truth one_of_items(const std::vector<Value>& choices, const Value& value)
{
    const auto* items = std::get_if<Texts>(&value);
    if (!items) return one_of(choices, value);
    return for_each_item(*items,
                         [&](const std::string& item) { return one_of(choices, Value{item}); });
}

Truth max_length(std::size_t limit, const Value& value)
{
    if (const auto* text = std::get_if<std::string>(&value)) return truth_of(text->size() <= limit);
    if (const auto* items = std::get_if<Texts>(&value)) return truth_of(items->size() <= limit);
    return Truth::unknown;
}

Truth path_under(const Texts& directories, const std::string& path)
{
    // "/admin/" is the directory "/admin" itself, for servers and for file systems.
    std::string_view place = path;
    if (place.size() > 1 && place.ends_with('/')) place.remove_suffix(1);
    if (!is_canonical_path(place)) return Truth::unknown;
    return truth_of(std::ranges::any_of(
        directories, [&](const auto& directory) { return is_path_under(place, directory); }));
}

Truth matches(const Constraint& constraint, const std::string& text, Letters letters)
{
    // RE2 would read past invalid UTF-8 as "no match", which is a way around a denying rule.
    if (!is_valid_utf8(text)) return Truth::unknown;
    if (pattern_matches(*constraint.pattern, text)) return Truth::yes;
    if (letters == Letters::exact) return Truth::no;
    return truth_of(pattern_matches_any_case(*constraint.pattern, text));
}

std::string folded(const std::string& text)
{
    return in_small_letters(with_letters_decoded(text));
}

/// The texts of a value or a list of them in small letters.
Value folded(const Value& value)
{
    if (const auto* text = std::get_if<std::string>(&value)) return folded(*text);
    const auto* items = std::get_if<Texts>(&value);
    if (!items) return value;
    Texts out;
    for (const auto& item : *items) out.push_back(folded(item));
    return out;
}

/// The constraint in small letters; its pattern, which has none of its own, is as it was.
Constraint folded(const Constraint& constraint)
{
    auto out = constraint;
    if (out.equals) out.equals = folded(*out.equals);
    for (auto& choice : out.one_of) choice = folded(choice);
    for (auto& directory : out.path_under) directory = folded(directory);
    return out;
}

template <class Check>
Truth for_number(const Value& value, Check check)
{
    const auto number = number_in(value);
    return number ? truth_of(check(*number)) : Truth::unknown;
}

bool same_pattern(const Pattern& a, const Pattern& b)
{
    return a == b || (a && b && pattern_text(*a) == pattern_text(*b));
}

/// The only scalars on which `constraint` holds, when they can be listed.
std::optional<std::vector<Value>> choices_of(const Constraint& constraint)
{
    if (constraint.equals) return std::vector{*constraint.equals};
    if (!constraint.one_of.empty()) return constraint.one_of;
    return std::nullopt;
}

/// `as_written` is the value before its letters were made small.
Finding look_at(const Constraint& constraint,
                const Value* value,
                Letters letters,
                const Value& as_written)
{
    Finding finding;
    // Returns whether to look further: nothing changes a `no`.
    const auto note = [&](std::string_view condition, Truth truth) {
        if (truth < finding.truth) finding = {truth, condition};
        return finding.truth != Truth::no;
    };
    const auto& c = constraint;
    if (c.equals && !note("equals", equals(*c.equals, *value))) return finding;
    if (!c.one_of.empty() && !note("one_of", one_of_items(c.one_of, *value))) return finding;
    const auto at_least = [&](long double number) { return number >= *c.min; };
    if (c.min && !note("min", for_number(*value, at_least))) return finding;
    const auto at_most = [&](long double number) { return number <= *c.max; };
    if (c.max && !note("max", for_number(*value, at_most))) return finding;
    if (c.max_length && !note("max_length", max_length(*c.max_length, as_written))) {
        return finding;
    }
    const auto under = [&](const std::string& path) { return path_under(c.path_under, path); };
    if (!c.path_under.empty() && !note("path_under", for_text_or_items(*value, under))) {
        return finding;
    }
    const auto match = [&](const std::string& text) { return matches(c, text, letters); };
    if (!c.pattern) return finding;
    auto truth = for_text_or_items(*value, match);
    // It may speak of the encoding itself: "%C3.*".
    if (truth == Truth::no) truth = for_text_or_items(as_written, match);
    note("pattern", truth);
    return finding;
}

}  // namespace

bool same_value(const Value& a, const Value& b)
{
    const auto left = number_in(a);
    const auto right = number_in(b);
    if (left && right) return *left == *right;
    return a == b;
}

Finding evaluate(const Constraint& constraint, const Value* value, Letters letters)
{
    if (!value) return {Truth::unknown, "present"};
    // As it was written first: small letters are another text to a pattern.
    const auto exact = look_at(constraint, value, Letters::exact, *value);
    if (letters == Letters::exact) return exact;
    if (exact.truth != Truth::no) return exact;
    const auto small = folded(*value);
    return look_at(folded(constraint), &small, letters, *value);
}

bool implies(const Constraint& narrow, const Constraint& wide)
{
    const bool length_holds = !wide.max_length || narrow.equals ||
                              (narrow.max_length && *narrow.max_length <= *wide.max_length);
    if (const auto choices = choices_of(narrow)) {
        // A list of listed items passes one_of too: it is longer than each item and may differ from
        // a list that `wide` wants.
        const bool wants_list = wide.equals && std::holds_alternative<Texts>(*wide.equals);
        if (!narrow.equals && (wants_list || !length_holds)) return false;
        return std::ranges::all_of(*choices, [&](const Value& choice) {
            return evaluate(wide, &choice).truth != Truth::no;
        });
    }
    if (wide.equals || !wide.one_of.empty() || !length_holds) return false;
    if (wide.min && !(narrow.min && *narrow.min >= *wide.min)) return false;
    if (wide.max && !(narrow.max && *narrow.max <= *wide.max)) return false;
    if (wide.pattern && !same_pattern(narrow.pattern, wide.pattern)) return false;
    if (wide.path_under.empty()) return true;
    return !narrow.path_under.empty() &&
           std::ranges::all_of(narrow.path_under, [&](const auto& inner) {
               return std::ranges::any_of(
                   wide.path_under, [&](const auto& outer) { return is_path_under(inner, outer); });
           });
}

bool same_constraint(const Constraint& a, const Constraint& b)
{
    return a.equals == b.equals && a.one_of == b.one_of && a.min == b.min && a.max == b.max &&
           a.max_length == b.max_length && a.path_under == b.path_under &&
           same_pattern(a.pattern, b.pattern);
}

}  // namespace tailops::policy
