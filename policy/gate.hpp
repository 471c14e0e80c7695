#pragma once

#include "policy/decision.hpp"
#include "policy/permit.hpp"
#include "policy/rule.hpp"

#include <memory>
#include <vector>

namespace tailops::policy {

/// The id of the one rule that is not in the file: it allows `gateway:read` at tier observe
/// everywhere, so that everyone can ask the gateway about itself. A rule of the file may deny it.
constexpr std::string_view built_in_rule = "gateway-self";

/// Decides, and mints the Permit when the answer is yes.
///
/// Deny wins, then require_approval, then dry_run_only, then allow; with no match the answer is
/// deny. Pure: no clock, no I/O, no state. Safe to call from any thread; a policy reload builds a
/// new Gate.
class Gate {
public:
    explicit Gate(Policy policy);
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate();

    /// Gives an identity its roles and capabilities: those of its token's scopes when its issuer
    /// grants scopes of ours (Identity::scopes is there, however few), else those of its roles.
    auth::Principal admit(auth::Identity identity) const;

    /// Never fails: a request we cannot judge is a denied one. A Permit comes with `allow` and
    /// `dry_run_only`, never with the others.
    Verdict decide(const AccessRequest&) const;

    /// The mildest effect that some call of `tool` with this action on this target could come to,
    /// whatever its arguments. May be too mild, never too strong.
    Effect mildest(const auth::Principal&,
                   const ToolName& tool,
                   const Capability& action,
                   Tier tier,
                   const TargetFacts& target) const;

    /// The same of one call of which the arguments named in `open` are not known yet.
    Effect mildest(const AccessRequest&, const std::set<std::string>& open) const;

    /// Whether some such call could be anything but denied: what lists show.
    bool could_allow(const auth::Principal&,
                     const ToolName& tool,
                     const Capability& action,
                     Tier tier,
                     const TargetFacts& target) const;

    /// Whether the answer may hang on this argument: some rule that applies to the call by all but
    /// its arguments has a condition on it, and the call is not refused whatever they are.
    bool depends_on(const AccessRequest&, std::string_view parameter) const;

    /// Lets the target be asked, before a decision that depends on it, which thing the argument
    /// names. For looking alone; empty when the answer does not depend on it.
    std::optional<Permit> permit_to_look_up(const AccessRequest&, std::string_view parameter) const;

    /// The decision and how each rule came out, in the order of the file and the built-in one last,
    /// for `tailops policy explain`. Lines never show an argument.
    struct Explanation {
        Decision decision;
        struct Line {
            RuleId rule;
            Effect effect{};
            bool matched{false};
            std::string why;  // the first clause that did not match, or "matches"
        };
        std::vector<Line> rules;
    };
    Explanation explain(const AccessRequest&) const;

    /// What a call with this action and tier could come to on this target while its tool and its
    /// arguments are open. Does not look at the token's end.
    struct Outlook {
        Decision decision;        // by the rules that apply to every such call
        bool target_asks{false};  // an allow that is require_approval for the target's own wish
        struct Condition {
            RuleId rule;
            Effect effect{};
            std::set<std::string> tools;          // applies to these alone; empty: to any
            std::vector<std::string> parameters;  // depends on these arguments; may be empty
        };
        std::vector<Condition> conditions;  // rules that could change the decision, by id
    };
    Outlook outlook(const auth::Principal&,
                    const Capability& action,
                    Tier tier,
                    const TargetFacts& target) const;

    const Policy& policy() const noexcept;
    /// SHA-256 of the policy's text, hexadecimal: recorded with every decision.
    const std::string& version() const noexcept;

private:
    struct Index;
    std::unique_ptr<const Index> index_;
};

}  // namespace tailops::policy
