#pragma once

#include "policy/decision.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tailops::policy {

/// What an argument can be when it comes before the gate, as far as the tool's schema says. What is
/// not said here is not known, and a condition on it is taken as it stands.
struct ParameterShape {
    enum class Kind { text, whole, number, boolean, list };
    std::set<Kind> kinds;              // empty: any
    std::vector<std::string> choices;  // the only texts; empty: any
    std::optional<double> min, max;    // of a number
    std::size_t length_min{0};         // characters of a text, items of a list
    bool may_be_absent{false};         // a call need not have it, and no default stands in
    /// Why this one value never comes. Empty: any may. Errors: invalid_argument, for people.
    std::function<Status(const Value&)> accept;
};

/// One way to call a tool: the right that such a call needs, and the arguments that rules see.
struct ToolForm {
    Capability capability;
    Tier tier{};
    std::map<std::string, ParameterShape, std::less<>> parameters;
    enum class About { target, gateway };
    About about{About::target};     // a call about the gateway has it as its target, and no other
    std::set<std::string> kinds{};  // of targets that can carry it out; empty: any
};

/// What a policy may speak of, from the layers above: a rule about a tool, a parameter or a target
/// that does not exist is a mistake that would silently never match.
struct Vocabulary {
    std::map<std::string, std::vector<ToolForm>, std::less<>> tools;
    std::map<std::string, TargetFacts> targets;  // by id; the gateway is one of them

    std::set<std::string> tags() const;
    std::set<std::string> environments() const;
};

/// The names of a map, for suggestions.
template <class Map>
std::set<std::string> names_in(const Map& map)
{
    std::set<std::string> out;
    for (const auto& [name, value] : map) out.insert(name);
    return out;
}

/// The capabilities that calls of a tool need.
CapabilitySet exercised_by(const std::vector<ToolForm>& tool);

/// Every parameter that some call of a tool has.
std::set<std::string> parameters_of(const std::vector<ToolForm>& tool);

}  // namespace tailops::policy
