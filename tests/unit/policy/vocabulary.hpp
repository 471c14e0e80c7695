#pragma once

#include "policy/policy_file.hpp"

namespace tailops::policy::testing {

using Shapes = std::map<std::string, ParameterShape, std::less<>>;

/// A text that is one of `choices`.
inline ParameterShape one_of_texts(std::string name, std::vector<std::string> choices)
{
    ParameterShape out;
    out.kinds = {ParameterShape::Kind::text};
    out.choices = choices;
    out.accept = [name = std::move(name),
                  choices = std::move(choices)](const Value& value) -> Status {
        for (const auto& choice : choices) {
            if (value == Value{choice}) return {};
        }
        return fail(Errc::invalid_argument, "\"" + name + "\" must be one of its choices");
    };
    return out;
}

inline ParameterShape whole_number(std::string name, std::int64_t min, std::int64_t max)
{
    ParameterShape out;
    out.kinds = {ParameterShape::Kind::whole};
    out.min = static_cast<double>(min);
    out.max = static_cast<double>(max);
    out.accept = [name = std::move(name), min, max](const Value& value) -> Status {
        const auto* number = std::get_if<std::int64_t>(&value);
        if (number && *number >= min && *number <= max) return {};
        return fail(Errc::invalid_argument, "\"" + name + "\" must be a whole number in its range");
    };
    return out;
}

/// Any text of `length_min` characters or more.
inline ParameterShape text(std::size_t length_min = 0)
{
    ParameterShape out;
    out.kinds = {ParameterShape::Kind::text};
    out.length_min = length_min;
    return out;
}

/// The names of a small homelab, as the layers above would give them. Of the parameter "name" of
/// containers nothing is known.
inline Vocabulary homelab()
{
    const auto about_the_gateway = ToolForm::About::gateway;
    const Capability read{"container", "read"}, write{"container", "write"};
    const Capability system{"system", "read"}, files{"file", "read"};
    const Capability fetch{"http", "read"}, send{"http", "write"};
    const auto lines = whole_number("lines", 1, 5000);
    Vocabulary out;
    out.tools["manage_container"] = {
        {write,
         Tier::control,
         {{"name", {}}, {"action", one_of_texts("action", {"start", "stop", "restart"})}}}};
    out.tools["inspect_container"] = {{read, Tier::observe, {{"name", {}}}}};
    out.tools["get_container_list"] = {{read, Tier::observe, {}}};
    out.tools["get_system_status"] = {{system, Tier::observe, {}}};
    out.tools["file_operations"] = {
        {files, Tier::observe, {{"action", {}}, {"path", text(1)}, {"lines", lines}}}};
    out.tools["http_request"] = {
        {fetch,
         Tier::observe,
         {{"method", one_of_texts("method", {"GET", "HEAD"})}, {"path", text(1)}}},
        {send,
         Tier::control,
         {{"method", one_of_texts("method", {"POST", "PUT", "DELETE"})}, {"path", text(1)}}}};
    out.tools["whoami"] = {{gateway_read(), Tier::observe, {}, about_the_gateway}};
    const auto add = [&](const char* id, std::set<std::string> tags, const char* environment,
                         CapabilitySet offers) {
        out.targets[id] = {.id = TargetId{id},
                           .tags = std::move(tags),
                           .environment = environment,
                           .offers = offers};
    };
    add("gateway", {}, "", {gateway_read()});
    add("local", {}, "lab", {system, files});
    add("web-01", {"web"}, "production", {system, files, read, write});
    add("docker-01", {"docker"}, "lab", {read, write});
    add("api-01", {}, "production", {fetch, send});
    return out;
}

/// The homelab, and what deploy/policy.yaml names beyond it; the golden matrix holds the sample
/// against the real tools.
inline Vocabulary sample_words()
{
    auto words = homelab();
    words.tools["get_top_processes"] = {{Capability{"system", "read"}, Tier::observe, {}}};
    words.tools["get_network_status"] = {{Capability{"network", "read"}, Tier::observe, {}}};
    auto& commands = words.tools["execute_command"];
    for (const auto& right : {Capability{"system", "read"}, Capability{"network", "read"},
                              Capability{"container", "read"}, Capability{"file", "read"}}) {
        commands.push_back(
            {right, Tier::observe, {{"command_name", {}}, {"parameters.path", text(1)}}});
    }
    return words;
}

}  // namespace tailops::policy::testing
