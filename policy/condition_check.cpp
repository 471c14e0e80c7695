#include "policy/condition_check.hpp"

#include "gateway/core/text.hpp"
#include "policy/constraint_reader.hpp"
#include "policy/file_names.hpp"
#include "policy/name_list.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

namespace tailops::policy {
namespace {

using Kind = ParameterShape::Kind;
using Shapes = std::vector<const ParameterShape*>;

// Of the commands of a catalogue a message lists so many.
constexpr std::size_t choices_shown_max = 7;

std::string_view in_words(Kind kind)
{
    switch (kind) {
    case Kind::text: return "text";
    case Kind::whole: return "a whole number";
    case Kind::number: return "a number";
    case Kind::boolean: return "true or false";
    case Kind::list: return "a list";
    }
    return "text";
}

std::string kinds_in_words(const Shapes& shapes)
{
    std::set<Kind> kinds;
    for (const auto* shape : shapes) kinds.insert(shape->kinds.begin(), shape->kinds.end());
    std::string out;
    for (const auto kind : kinds) {
        if (!out.empty()) out += " or ";
        out += in_words(kind);
    }
    return out;
}

std::set<std::string> choices_of(const Shapes& shapes)
{
    std::set<std::string> out;
    for (const auto* shape : shapes) out.insert(shape->choices.begin(), shape->choices.end());
    return out;
}

/// What speaks against `value` for all shapes; nothing when one of them takes it.
std::optional<std::string> refusal(const Value& value, const Shapes& shapes)
{
    std::optional<std::string> why;
    for (const auto* shape : shapes) {
        if (!shape->accept) return std::nullopt;
        const auto accepted = shape->accept(value);
        if (accepted) return std::nullopt;
        if (!why) why = accepted.error().public_message();
    }
    return why;
}

/// `; leave the quotes out`: where the same characters as another type would be taken.
std::string quoting_advice(const yaml::Node& node, const Value& value, const Shapes& shapes)
{
    if (!std::holds_alternative<std::string>(value)) {
        return refusal(Value{node.text()}, shapes) ? "" : "; write it in quotes";
    }
    const auto number = parse_int(node.text());
    const bool is_flag = node.text() == "true" || node.text() == "false";
    const bool fits = (number && !refusal(Value{*number}, shapes)) ||
                      (is_flag && !refusal(Value{node.text() == "true"}, shapes));
    return fits ? "; leave the quotes out" : "";
}

class ConditionCheck {
public:
    ConditionCheck(const yaml::Node& node,
                   const ConditionSubject& subject,
                   yaml::Problems& problems)
        : node_{node},
          subject_{subject},
          problems_{problems}
    {
    }

    void check()
    {
        for (const auto& entry : node_.entries()) {
            const yaml::Node value{entry.value};
            if (entry.key == "equals") check_equals(value);
            if (entry.key == "one_of") check_choices(value);
            if (entry.key == "min" || entry.key == "max") check_bound(entry.key, value);
            if (entry.key == "max_length") check_length(value);
            if (entry.key == "path_under" || entry.key == "pattern") {
                needs({Kind::text, Kind::list}, entry.key, value);
            }
        }
    }

private:
    void complain(const yaml::Node& at, std::string text)
    {
        problems_.add(at.file(), at.place(), std::move(text));
    }

    bool could_be(const std::set<Kind>& kinds) const
    {
        return std::ranges::any_of(subject_.shapes, [&](const auto* shape) {
            return shape->kinds.empty() || std::ranges::any_of(shape->kinds, [&](Kind kind) {
                       return kinds.contains(kind);
                   });
        });
    }

    bool needs(const std::set<Kind>& kinds, std::string_view condition, const yaml::Node& at)
    {
        if (could_be(kinds)) return true;
        complain(at, quote(condition) + " does not go with " + quote(subject_.name) +
                         ", which is " + kinds_in_words(subject_.shapes));
        return false;
    }

    /// `equals: [a, b]` is one list.
    void check_equals(const yaml::Node& node)
    {
        if (node.kind() == yaml::Node::Kind::scalar) return check_value(node);
        if (could_be({Kind::list})) return;
        complain(node, "a list can never be the argument: " + quote(subject_.name) + " is " +
                           kinds_in_words(subject_.shapes) + "; use \"one_of\"");
    }

    /// Of a list `one_of` looks at its items.
    void check_choices(const yaml::Node& node)
    {
        if (could_be({Kind::list})) return;
        for (const auto& item : node.items()) check_value(item);
    }

    void check_value(const yaml::Node& node)
    {
        const auto value = scalar_of(node);
        auto why = refusal(value, subject_.shapes);
        if (!why) return;
        const bool have_choices = std::ranges::none_of(
            subject_.shapes, [](const auto* shape) { return shape->choices.empty(); });
        if (have_choices && subject_.shapes.size() > 1) {
            // The reason of one shape would name its own choices only.
            const auto choices = choices_of(subject_.shapes);
            why = quote(subject_.name) + " is one of " + name_list(choices, choices_shown_max) +
                  suggestion(node.text(), choices);
        }
        complain(node, quote(node.text()) + " can never be the argument: " + *why +
                           quoting_advice(node, value, subject_.shapes));
    }

    void check_bound(std::string_view key, const yaml::Node& node)
    {
        if (!needs({Kind::whole, Kind::number}, key, node)) return;
        const auto value = scalar_of(node);
        const auto* whole = std::get_if<std::int64_t>(&value);
        const auto* real = std::get_if<double>(&value);
        if (!whole && !real) return;  // complained of already
        const double bound = whole ? static_cast<double>(*whole) : *real;
        const bool is_low = key == "max";  // below the least, or above the greatest
        std::optional<double> outermost;
        for (const auto* shape : subject_.shapes) {
            const auto& limit = is_low ? shape->min : shape->max;
            if (!limit || (is_low ? bound >= *limit : bound <= *limit)) return;
            outermost = !outermost ? *limit
                        : is_low   ? std::min(*outermost, *limit)
                                   : std::max(*outermost, *limit);
        }
        std::ostringstream limit;
        limit << std::fixed << std::setprecision(*outermost == std::floor(*outermost) ? 0 : 3)
              << *outermost;
        complain(node, quote(key) + " of " + node.text() +
                           " can never hold: " + quote(subject_.name) +
                           (is_low ? " begins at " : " ends at ") + limit.str());
    }

    void check_length(const yaml::Node& node)
    {
        if (!needs({Kind::text, Kind::list}, "max_length", node)) return;
        const auto length = parse_int(node.text(), 0);
        if (!length) return;  // complained of already
        std::size_t least = SIZE_MAX;
        for (const auto* shape : subject_.shapes) least = std::min(least, shape->length_min);
        if (static_cast<std::size_t>(*length) >= least) return;
        complain(node, "\"max_length\" of " + node.text() +
                           " can never hold: " + quote(subject_.name) + " has a length of " +
                           std::to_string(least) + " at least");
    }

    const yaml::Node& node_;
    const ConditionSubject& subject_;
    yaml::Problems& problems_;
};

}  // namespace

void check_condition(const yaml::Node& node,
                     const ConditionSubject& subject,
                     yaml::Problems& problems)
{
    ConditionCheck{node, subject, problems}.check();
}

}  // namespace tailops::policy
