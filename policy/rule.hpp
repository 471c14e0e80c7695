#pragma once

#include "policy/decision.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

// The one name of RE2 that a header needs; policy/pattern.cpp includes the rest.
namespace re2 {
class RE2;
}

namespace tailops::policy {

/// A condition on one argument. All that are set must hold; an argument that is absent or of
/// another type does not satisfy an allowing rule and does satisfy every other one (unknown is
/// never a way through). policy/constraint.hpp evaluates it.
struct Constraint {
    std::optional<Value> equals;
    std::vector<Value> one_of;
    std::optional<double> min, max;
    std::optional<std::size_t> max_length;  // bytes of a string, items of a list
    std::vector<std::string> path_under;    // canonical directories; the path is one or inside one
    std::shared_ptr<const re2::RE2> pattern;  // matches the whole text, in linear time
};

/// Whether the identity is one of `subjects`: by its `sub` or its name, or, written "ISSUER|sub",
/// by both issuer and `sub` alone. Who can choose a name at one issuer must not become who somebody
/// is at another.
bool names_subject(const std::set<std::string>& subjects,
                   const auth::Identity& identity,
                   const std::string& key);

/// To whom a rule applies. Empty sets say nothing; each non-empty one must match.
struct PrincipalMatch {
    std::set<std::string> subjects;  // see names_subject
    std::set<std::string> roles;
    std::set<std::string> groups;
    std::set<std::string> clients;
    std::set<std::string> scopes;  // one of the token's scopes, as text
    /// Who acts for the subject by delegation; "*": anybody. Of a chain only the current actor, the
    /// nearest, counts (RFC 8693 section 4.1).
    std::set<std::string> actors;
};

/// In PrincipalMatch::actors: whoever acts.
inline constexpr std::string_view any_actor = "*";

/// Where a rule applies. Empty sets say nothing; each non-empty one must match.
struct TargetMatch {
    std::set<std::string> ids;   // a * may stand first and last: "web-*" (policy/glob.hpp)
    std::set<std::string> tags;  // one must be present
    std::set<std::string> environments;
};

/// One rule of the policy file: if everything matches, `effect` is the answer.
struct Rule {
    RuleId id;
    Effect effect{Effect::deny};
    PrincipalMatch principals;
    TargetMatch targets;
    CapabilitySet capabilities;   // empty: any
    std::set<std::string> tools;  // empty: any
    Tier at_most{Tier::observe};  // the ceiling of a permissive rule; a denying rule has none
    std::map<std::string, Constraint, std::less<>> parameters;
    Obligations obligations;
    std::string reason;            // told to the caller with the decision; may be empty
    int line{0};                   // in the file, for messages
    Tier at_least{Tier::observe};  // calls below it are none of this rule's business
};

/// Identities mapped to scopes: how rights are given where the authorization server issues none of
/// ours.
struct Role {
    std::string name;
    std::set<std::string> subjects;  // see names_subject
    std::set<std::string> groups;
    std::set<std::string> clients;
    std::set<std::string> scopes;
};

/// A policy file as read: valid, every name known.
struct Policy {
    std::vector<Role> roles;
    std::vector<Rule> rules;
    std::string version;  // SHA-256 of the text, hexadecimal
};

}  // namespace tailops::policy
