#pragma once

#include "policy/pattern.hpp"
#include "requests.hpp"

#include <random>

namespace tailops::policy::testing {

/// Rules and requests over a small world, so that they meet often. The same seed gives the same.
class RandomPolicy {
public:
    explicit RandomPolicy(unsigned seed) : random_{seed} {}

    Rule rule(int number)
    {
        Rule out;
        out.id = RuleId{"r" + std::to_string(number)};
        out.effect = pick(std::vector{Effect::allow, Effect::allow, Effect::deny,
                                      Effect::require_approval, Effect::dry_run_only});
        out.principals.subjects = some({"u-1", "u-2", "alice@example.com"});
        out.principals.roles = some({"viewer", "operator"});
        out.principals.groups = some({"ops", "dev"});
        out.principals.clients = some({"claude", "vscode"});
        out.principals.scopes = some({"container:write", "openid"});
        out.principals.actors = some({"agent", "*"});
        out.targets.ids = some({"web-01", "db-01", "web-*", "*"});
        out.targets.tags = some({"web", "docker"});
        out.targets.environments = some({"production", "lab"});
        out.tools = some({"manage_container", "inspect_container"});
        for (const auto& capability : {container_read, container_write, gateway_read()}) {
            if (one_in(2)) out.capabilities.insert(capability);
        }
        out.at_most = tier();
        if (one_in(4)) out.at_least = tier();
        if (one_in(2)) out.parameters["name"] = constraint(out.effect);
        out.obligations.timeout = std::chrono::seconds{1 + below(5)};
        out.obligations.output_limit_bytes = 1 + static_cast<std::size_t>(below(5));
        out.obligations.dry_run = one_in(5);
        return out;
    }

    std::vector<Rule> rules(int count)
    {
        std::vector<Rule> out;
        for (int i = 0; i < count; ++i) out.push_back(rule(i));
        return out;
    }

    AccessRequest request()
    {
        auto out = ask();
        auto& identity = out.principal.identity;
        identity.subject = SubjectId{pick(std::vector<std::string>{"u-1", "u-2", "u-3"})};
        identity.name = pick(std::vector<std::string>{"alice@example.com", "bob"});
        identity.client_id = pick(std::vector<std::string>{"claude", "vscode", ""});
        identity.groups = some({"ops", "dev"});
        if (one_in(2)) identity.scopes = some({"container:write", "openid"});
        const auto actors = some({"agent", "other"});
        identity.actors = {actors.begin(), actors.end()};
        out.principal.roles = some({"viewer", "operator"});
        out.tool =
            ToolName{pick(std::vector<std::string>{"manage_container", "inspect_container"})};
        out.action = pick(std::vector{container_read, container_write, gateway_read()});
        out.tier = tier();
        out.target.id = TargetId{pick(std::vector<std::string>{"web-01", "web-02", "db-01"})};
        out.target.tags = some({"web", "docker"});
        out.target.environment = pick(std::vector<std::string>{"production", "lab", ""});
        out.target.requires_approval = one_in(8);
        out.parameters.clear();
        if (!one_in(4)) out.parameters["name"] = value();
        return out;
    }

    /// What else the name in a request may mean.
    AliasesByName aliases()
    {
        if (one_in(3)) return {};
        const auto names = some({"web", "db", "WEB", "/srv", "/SRV/a"});
        const auto others = some({"web", "db", "DB", "/srv/a"});
        return {{"name", Aliases{.same = {names.begin(), names.end()},
                                 .others = {others.begin(), others.end()},
                                 .any_case = one_in(3)}}};
    }

    std::mt19937& engine() noexcept { return random_; }

private:
    int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
    bool one_in(int count) { return below(count) == 0; }

    template <class T>
    T pick(const std::vector<T>& from)
    {
        return from[random_() % from.size()];
    }

    Tier tier() { return pick(std::vector{Tier::observe, Tier::control, Tier::admin}); }

    /// Mostly nothing, so that rules match often.
    std::set<std::string> some(const std::vector<std::string>& from)
    {
        std::set<std::string> out;
        if (!one_in(3)) return out;
        for (const auto& name : from) {
            if (one_in(2)) out.insert(name);
        }
        return out;
    }

    Value value()
    {
        return pick(std::vector<Value>{Value{"web"}, Value{"db"}, Value{"/srv"}, Value{"/srv/a"},
                                       Value{"/srv/../a"}, Value{std::int64_t{3}}, Value{7.5},
                                       Value{true}, Value{std::vector<std::string>{"web", "db"}},
                                       Value{std::vector<std::string>{"web"}},
                                       Value{std::vector<std::string>{}}});
    }

    Constraint constraint(Effect effect)
    {
        Constraint out;
        if (one_in(5)) out.equals = value();
        if (one_in(4)) out.one_of = {value(), value()};
        if (one_in(5)) out.min = below(8);
        if (one_in(5)) out.max = below(8);
        if (one_in(5)) out.max_length = static_cast<std::size_t>(below(5));
        if (one_in(5)) out.path_under = {one_in(2) ? "/srv" : "/srv/a"};
        if (one_in(5)) {
            auto compiled = compile_pattern(one_in(2) ? "[a-z]+" : ".*", effect);
            if (compiled) out.pattern = *compiled;
        }
        return out;
    }

    std::mt19937 random_;
};

}  // namespace tailops::policy::testing
