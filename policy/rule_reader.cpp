#include "policy/rule_reader.hpp"

#include "gateway/core/text.hpp"
#include "policy/caller_names.hpp"
#include "policy/condition_check.hpp"
#include "policy/constraint_reader.hpp"
#include "policy/file_names.hpp"
#include "policy/gate.hpp"
#include "policy/glob.hpp"
#include "policy/possible.hpp"
#include "policy/roles.hpp"
#include "policy/rule_check.hpp"
#include "policy/tool_clauses.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

using namespace std::chrono_literals;

// A call that runs for longer than a day is a job of the target, not a call.
constexpr auto timeout_max = 24h;
constexpr std::int64_t output_limit_max_bytes = 64 * 1024 * 1024;
// One clause for a person, not a page.
constexpr std::size_t reason_max_bytes = 200;

/// "65536", "64KiB" or "1MiB" in bytes.
std::optional<std::int64_t> parse_bytes(std::string_view text)
{
    std::int64_t unit = 1;
    if (text.ends_with("KiB")) unit = 1024;
    if (text.ends_with("MiB")) unit = 1024 * 1024;
    if (unit != 1) text = trim(text.substr(0, text.size() - 3));
    const auto count = parse_int(text, 1, output_limit_max_bytes / unit);
    return count ? std::optional{*count * unit} : std::nullopt;
}

std::optional<Effect> effect_of(std::string_view text)
{
    for (const auto effect :
         {Effect::allow, Effect::deny, Effect::require_approval, Effect::dry_run_only}) {
        if (to_string(effect) == text) return effect;
    }
    return std::nullopt;
}

/// The id of a rule before it is read, for messages about it.
std::string name_of(const yaml::Node& node)
{
    for (const auto& entry : node.entries()) {
        if (entry.key == "id") return "rule " + quote(yaml::Node{entry.value}.text());
    }
    return "rule";
}

class RuleReader {
public:
    RuleReader(const yaml::Node& node, const RuleContext& context, yaml::Problems& problems)
        : context_{context},
          problems_{problems},
          problems_before_{problems.all().size()},
          what_{name_of(node)},
          reader_{node, problems, what_}
    {
    }

    Rule read()
    {
        if (reader_.map().kind() == yaml::Node::Kind::null) {
            reader_.complain("rule must be a mapping, not nothing");
            return {};
        }
        rule_.line = reader_.map().place().line;
        if (reader_.map().kind() != yaml::Node::Kind::map) return {};  // the reader has complained
        read_id();
        reader_.text("description");
        read_effect();
        read_reason();
        read_principals();
        read_targets();
        read_tools();
        read_parameters();
        read_tiers();
        read_obligations();
        refuse_blank_keys(reader_, {"id", "effect"});
        reader_.finish();
        // What a misspelt clause would have said is not known: then nothing follows from the rest.
        if (problems_.all().size() == problems_before_) {
            places_.parameters = reader_.place_of("parameters");
            places_.targets = reader_.place_of("targets");
            check_can_decide(rule_, places_, context_.vocabulary, reader_);
        }
        return std::move(rule_);
    }

private:
    bool denies() const { return rule_.effect == Effect::deny; }

    void complain_at(std::string_view key, std::string text)
    {
        problems_.add(reader_.map().file(), reader_.place_of(key), std::move(text));
    }

    void read_id()
    {
        const auto id = reader_.required_text("id");
        if (id == built_in_rule) {
            complain_at("id", quote(id) + " is the name of the built-in rule; choose another");
        } else if (!id.empty() && !is_plain_name(id)) {
            complain_at("id", "the id " + quote(id) +
                                  " must be 1 to 64 letters, digits, \".\", \"_\" and \"-\"");
        }
        rule_.id = RuleId{id};
    }

    void read_effect()
    {
        const auto text = reader_.required_text("effect");
        if (text.empty()) return;
        const auto effect = effect_of(text);
        effect_is_known_ = effect.has_value();
        if (effect)
            rule_.effect = *effect;
        else {
            reader_.complain(
                *reader_.node("effect"),
                "unknown effect " + quote(text) +
                    suggestion(text, {"allow", "deny", "require_approval", "dry_run_only"}));
        }
    }

    void read_reason()
    {
        const auto reason = reader_.text("reason");
        if (!reason) return;
        if (reason->size() > reason_max_bytes) {
            complain_at("reason", "\"reason\" may have " + std::to_string(reason_max_bytes) +
                                      " bytes: it is one clause told to the caller");
        } else if (escaped_line(*reason, reason_max_bytes + 1) != *reason) {
            complain_at("reason", "\"reason\" must be one line of plain text");
        }
        rule_.reason = *reason;
    }

    void read_principals()
    {
        const auto node = reader_.node("principals");
        if (!node) return;
        refuse_empty_map(reader_, "principals");
        yaml::MapReader reader{*node, problems_, "principals of " + what_};
        auto& principals = rule_.principals;
        principals.subjects = read_callers(reader, "subjects", restricting_names);
        principals.groups = read_callers(reader, "groups", restricting_names);
        principals.clients = read_callers(reader, "clients", restricting_names);
        const auto roles = restricting_names(reader, "roles");
        for (const auto& role : roles) check_known(role, "role", context_.roles, reader);
        principals.roles = texts_of(roles);
        const auto scopes = restricting_names(reader, "scopes");
        check_scope_names(scopes, reader);
        for (const auto& scope : scopes) check_scope(scope, reader);
        principals.scopes = texts_of(scopes);
        principals.actors = read_callers(reader, "actors", restricting_names);
        refuse_blank_keys(reader);
        reader.finish();
    }

    /// Scopes of other systems are none of our business; a misspelt one of ours is.
    static void check_scope(const ListedName& scope, yaml::MapReader& reader)
    {
        const auto colon = scope.text.find(':');
        if (colon == std::string::npos || is_our_scope(scope.text)) return;
        const auto domain = std::string_view{scope.text}.substr(0, colon + 1);
        std::set<std::string> known;
        for (const auto& capability : known_capabilities()) known.emplace(capability.name);
        const bool ours = std::ranges::any_of(
            known, [&](const std::string& name) { return name.starts_with(domain); });
        if (ours) check_known(scope, "scope", known, reader);
    }

    void read_targets()
    {
        const auto node = reader_.node("targets");
        if (!node) return;
        refuse_empty_map(reader_, "targets");
        yaml::MapReader reader{*node, problems_, "targets of " + what_};
        const auto& vocabulary = context_.vocabulary;
        places_.target_ids = restricting_names(reader, "ids");
        const auto ids = names_in(vocabulary.targets);
        for (const auto& name : places_.target_ids) check_target(name, ids, reader);
        rule_.targets.ids = texts_of(places_.target_ids);
        const auto tags = restricting_names(reader, "tags");
        for (const auto& tag : tags) check_known(tag, "tag", vocabulary.tags(), reader);
        rule_.targets.tags = texts_of(tags);
        const auto environments = restricting_names(reader, "environments");
        for (const auto& environment : environments) {
            check_known(environment, "environment", vocabulary.environments(), reader);
        }
        rule_.targets.environments = texts_of(environments);
        refuse_blank_keys(reader);
        reader.finish();
    }

    static void check_target(const ListedName& name,
                             const std::set<std::string>& ids,
                             yaml::MapReader& reader)
    {
        if (!is_valid_glob(name.text)) {
            reader.complain(name.at,
                            "a * of " + quote(name.text) + " may only stand first or last");
        } else if (!is_glob(name.text)) {
            check_known(name, "target", ids, reader);
        } else if (std::ranges::none_of(
                       ids, [&](const auto& id) { return glob_matches(name.text, id); })) {
            reader.complain(name.at, "no target matches " + quote(name.text));
        }
    }

    void read_tools()
    {
        auto clauses = read_tool_clauses(reader_, context_.vocabulary);
        rule_.capabilities = clauses.capabilities;
        rule_.tools = std::move(clauses.tools);
        places_.tools = std::move(clauses.tool_names);
        places_.capabilities = std::move(clauses.capability_names);
    }

    void read_parameters()
    {
        const auto node = reader_.node("parameters");
        if (!node) return;
        refuse_empty_map(reader_, "parameters");
        if (node->kind() != yaml::Node::Kind::map) {
            reader_.complain(*node, "\"parameters\" must be a mapping of parameters to conditions");
            return;
        }
        for (const auto& entry : node->entries()) read_parameter(entry);
    }

    void read_parameter(const yaml::Node::Entry& entry)
    {
        const yaml::Node node{entry.value};
        const auto before = problems_.all().size();
        auto constraint = read_constraint(node, entry.key, rule_.effect, problems_);
        const bool is_sound = problems_.all().size() == before;
        const auto shapes = shapes_of(entry, rule_, context_.vocabulary, reader_);
        if (is_sound && !shapes.empty()) {
            check_condition(node, {.name = entry.key, .shapes = shapes}, problems_);
        }
        const bool is_possible = std::ranges::any_of(shapes, [&](const auto* shape) {
            return could_meet(constraint, *shape, rule_.effect);
        });
        if (!shapes.empty() && !is_possible && problems_.all().size() == before) {
            problems_.add(node.file(), node.place(),
                          "no value of " + quote(entry.key) + " meets this condition");
        }
        rule_.parameters.insert_or_assign(entry.key, std::move(constraint));
    }

    std::optional<Tier> read_tier(std::string_view key)
    {
        const auto text = reader_.choice(key, {"observe", "control", "admin"});
        if (!text) return std::nullopt;
        const auto tier = parse_tier(*text);
        return tier ? std::optional{*tier} : std::nullopt;
    }

    void read_tiers()
    {
        const auto at_most = read_tier("tier");
        const auto at_least = read_tier("tier_from");
        rule_.at_most = at_most.value_or(Tier::observe);
        rule_.at_least = at_least.value_or(Tier::observe);
        if (!effect_is_known_) return;
        if (denies() && reader_.has("tier")) {
            complain_at("tier",
                        "a denying rule has no ceiling: leave \"tier\" out, or say where it begins "
                        "with \"tier_from\"");
        } else if (!denies() && rule_.at_least > rule_.at_most) {
            complain_at("tier_from", "\"tier_from\" is above \"tier\" (" +
                                         std::string{to_string(rule_.at_most)} +
                                         "): the rule covers no call");
        }
    }

    void read_obligations()
    {
        const auto node = reader_.node("obligations");
        if (!node) return;
        if (effect_is_known_ && denies()) {
            complain_at("obligations", "a denying rule lets nothing run, so it has no obligations");
        }
        yaml::MapReader reader{*node, problems_, "obligations of " + what_};
        if (const auto timeout = reader.duration("timeout")) {
            if (*timeout < 1s || *timeout > timeout_max) {
                reader.complain(*reader.node("timeout"), "\"timeout\" must be from 1s to 24h");
            }
            rule_.obligations.timeout = *timeout;
            rule_.obligations.has_own_timeout = true;
        }
        if (const auto limit = reader.text("output_limit")) {
            const auto bytes = parse_bytes(*limit);
            if (bytes)
                rule_.obligations.output_limit_bytes = static_cast<std::size_t>(*bytes);
            else {
                reader.complain(*reader.node("output_limit"),
                                quote(*limit) +
                                    " is not a size from 1 to 64MiB; write 65536, 64KiB "
                                    "or 1MiB");
            }
        }
        refuse_blank_keys(reader);
        reader.finish();
    }

    const RuleContext& context_;
    yaml::Problems& problems_;
    std::size_t problems_before_;
    std::string what_;
    yaml::MapReader reader_;
    Rule rule_;
    RulePlaces places_;
    bool effect_is_known_{false};
};

}  // namespace

Rule read_rule(const yaml::Node& node, const RuleContext& context, yaml::Problems& problems)
{
    return RuleReader{node, context, problems}.read();
}

}  // namespace tailops::policy
