#include "targets/targets_file.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "targets/connection_reader.hpp"
#include "targets/kinds.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>

namespace tailops::targets {
namespace {

using yaml::MapReader;
using yaml::Node;

constexpr std::string_view not_yet = "this version does not use it";

/// What the file says for every target that does not say otherwise.
struct Defaults {
    std::optional<std::chrono::seconds> timeout;
    bool requires_approval{false};
};

bool is_target_id(std::string_view id)
{
    if (id.empty() || id.size() > 64 || id == gateway_target.view()) return false;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return std::ranges::all_of(id, fits) && id.front() != '-' && id.front() != '.';
}

/// `{{system.hostname}}` and `{{system.platform}}` of the documented local target.
std::string fill_system_words(std::string text)
{
    utsname names{};
    ::uname(&names);
    const std::array<std::pair<std::string_view, std::string_view>, 2> words = {
        {{"{{system.hostname}}", names.nodename}, {"{{system.platform}}", names.sysname}}};
    for (const auto& [word, value] : words) {
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
            text.replace(at, word.size(), value);
        }
    }
    return text;
}

/// A node and all below it as one text: equal texts, equal configuration.
void fingerprint(const Node& node, std::string& out)
{
    switch (node.kind()) {
    case Node::Kind::null: out += '~'; break;
    case Node::Kind::scalar: out += '"' + node.text() + '"'; break;
    case Node::Kind::list:
        out += '[';
        for (const auto& item : node.items()) fingerprint(item, out);
        out += ']';
        break;
    case Node::Kind::map:
        out += '{';
        for (const auto& entry : node.entries()) {
            out += entry.key + ':';
            fingerprint(Node{entry.value}, out);
        }
        out += '}';
        break;
    }
}

std::optional<Kind> parse_kind(std::string_view word)
{
    for (const auto& row : kinds()) {
        if (word == row.name) return row.kind;
    }
    return std::nullopt;
}

std::vector<std::string_view> kind_names()
{
    std::vector<std::string_view> names;
    for (const auto& row : kinds()) names.push_back(row.name);
    return names;
}

/// `type: remote` with `executor: ssh`, or, as the documentation also has it, `type: ssh` alone.
std::optional<Kind> read_kind(MapReader& target)
{
    const auto names = kind_names();
    auto types = names;
    types.insert(types.begin() + 1, "remote");
    const auto type = target.choice("type", types);
    const auto executor = target.choice("executor", names);
    if (executor) {
        if (type && *type != "remote" && *type != *executor) {
            target.complain("type " + quote(*type) + " does not fit executor " + quote(*executor));
        }
        if (type == "remote" && *executor == "local") {
            target.complain("executor \"local\" is for type \"local\"");
        }
        return parse_kind(*executor);
    }
    if (type && *type != "remote") return parse_kind(*type);
    if (!target.has("executor")) {
        std::string listed;
        for (const auto name : names) listed.append(listed.empty() ? "" : ", ").append(name);
        target.complain("the target lacks \"executor\"; use one of " + listed);
    }
    return std::nullopt;
}

void read_capabilities(MapReader& target, policy::TargetFacts& facts, TargetsFile& out)
{
    const auto list = target.node("capabilities");
    if (!list) {
        target.complain("the target lacks \"capabilities\", e.g. [\"system:read\"]");
        return;
    }
    for (const auto& word : target.texts("capabilities")) {
        auto at = *list;
        for (const auto& item : list->items()) {
            if (item.text() == word) at = item;
        }
        const auto capability = parse_capability(word);
        if (!capability) {
            target.complain(at, capability.error().public_message());
            continue;
        }
        // A target offers what its capabilities imply, as a token's scopes grant it.
        facts.offers.merge(expand_scopes({word}));
        out.offers.push_back({facts.id, *capability, at.place()});
    }
}

void read_allowed_paths(MapReader& constraints, TargetSpec& spec)
{
    const auto list = constraints.node("allowed_paths");
    for (auto& root : constraints.texts("allowed_paths")) {
        auto at = *list;
        for (const auto& item : list->items()) {
            if (item.text() == root) at = item;
        }
        const bool canonical = root.starts_with('/') && root.find("//") == std::string::npos &&
                               (root + '/').find("/../") == std::string::npos &&
                               (root + '/').find("/./") == std::string::npos;
        if (trim(root) != root) {
            constraints.complain(at, "the allowed path " + quote(root) +
                                         " has blanks or line ends around it, and names another "
                                         "folder with them; write " +
                                         quote(trim(root)));
        } else if (!canonical) {
            constraints.complain(at, "the allowed path " + quote(root) +
                                         " must be absolute, without \"..\", \".\" and \"//\"");
        } else if (root.find_first_of("*?[") != std::string::npos) {
            constraints.problems().notice(
                at.file(), at.place(),
                "the allowed path " + quote(root) +
                    " means a folder of just that name: wildcards are not understood here, and a "
                    "folder opens all below it");
        }
        if (root.size() > 1 && root.ends_with('/')) root.pop_back();
        spec.file_roots.push_back(std::move(root));
    }
}

void read_constraints(MapReader& target, const Defaults& defaults, TargetSpec& spec)
{
    if (defaults.timeout) spec.limits.timeout = *defaults.timeout;
    spec.limits.has_own_timeout = defaults.timeout.has_value();
    spec.facts.requires_approval = defaults.requires_approval;
    const auto node = target.node("constraints");
    if (!node) return;
    MapReader constraints{*node, target.problems(), "constraints"};
    if (const auto timeout = constraints.duration("timeout")) {
        spec.limits.timeout = *timeout;
        spec.limits.has_own_timeout = true;
    }
    if (spec.limits.timeout.count() == 0) {
        target.problems().add(node->file(), constraints.place_of("timeout"),
                              "\"timeout\" must be at least 1 s");
    }
    if (const auto count = constraints.integer("concurrency", 1, 1024)) {
        spec.limits.concurrency = static_cast<std::size_t>(*count);
    }
    if (const auto approval = constraints.boolean("require_approval")) {
        spec.facts.requires_approval = *approval;
    }
    read_allowed_paths(constraints, spec);
    if (constraints.has("maintenance_window")) {
        target.problems().add(
            node->file(), constraints.place_of("maintenance_window"),
            "\"maintenance_window\" cannot be enforced by this version; remove it "
            "and restrict the target in the policy");
    }
    if (constraints.choice("sudo_policy", {"none", "limited", "full"}).value_or("none") != "none") {
        constraints.ignore("sudo_policy", "commands run as the login user, never through sudo");
    }
    constraints.ignore("approval_webhook", not_yet);
    constraints.ignore("dual_approval", not_yet);
    constraints.ignore("audit_level", "every call is audited in full");
    constraints.ignore("allowed_ports", not_yet);
    constraints.ignore("max_memory", not_yet);
    constraints.ignore("max_cpu", not_yet);
    constraints.finish();
}

void read_metadata(MapReader& target, TargetSpec& spec)
{
    const auto node = target.node("metadata");
    if (!node) return;
    MapReader metadata{*node, target.problems(), "metadata"};
    for (auto& tag : metadata.texts("tags")) spec.facts.tags.insert(std::move(tag));
    spec.facts.environment = metadata.text("environment").value_or("");
    // The rest is the owner's own: hostname, platform, owner, purpose, ...
    for (const auto& entry : node->entries()) {
        if (entry.key == "tags" || entry.key == "environment") continue;
        if (auto text = metadata.text(entry.key)) {
            spec.metadata[entry.key] = fill_system_words(*std::move(text));
        }
    }
}

std::optional<TargetSpec> read_target(const Node::Entry& entry,
                                      const Defaults& defaults,
                                      const Environment& environment,
                                      TargetsFile& file,
                                      yaml::Problems& problems)
{
    MapReader target{Node{entry.value}, problems, "target " + quote(entry.key)};
    if (target.map().kind() != Node::Kind::map) {
        problems.add(target.map().file(), entry.place, "target " + quote(entry.key) + " is empty");
        return std::nullopt;
    }
    TargetSpec spec;
    spec.facts.id = TargetId{entry.key};
    if (!is_target_id(entry.key)) {
        problems.add(target.map().file(), entry.place,
                     quote(entry.key) +
                         " cannot be a target id; use 1 to 64 letters, digits, \"-\", \"_\" and "
                         "\".\", not \"-\" or \".\" first, and not \"gateway\"");
    }
    if (const auto id = target.text("id"); id && *id != entry.key) {
        target.complain(*target.node("id"), "\"id\" is " + quote(*id) +
                                                " but the target stands under " + quote(entry.key) +
                                                "; make them equal");
    }
    spec.description = target.text("description").value_or("");
    if (const auto name = target.text("name")) spec.metadata["name"] = *name;
    const auto kind = read_kind(target);
    const auto connection = target.node("connection").value_or(Node{});
    if (kind) {
        spec.kind = *kind;
        spec.facts.kind = to_string(*kind);
        spec.connection = read_connection(*kind, target, connection, environment);
    }
    fingerprint(connection, spec.connection_digest);
    if (const auto* ssh = std::get_if<SshConnection>(&spec.connection)) {
        spec.connection_digest += ssh->key_path;
    }
    spec.connection_digest =
        to_hex(sha256(std::string{to_string(spec.kind)} + spec.connection_digest));
    read_capabilities(target, spec.facts, file);
    read_constraints(target, defaults, spec);
    read_metadata(target, spec);
    target.finish();
    return spec;
}

void read_gateway(MapReader& file, TargetsFile& out)
{
    const auto node = file.node("gateway");
    if (!node) return;
    MapReader gateway{*node, file.problems(), "gateway"};
    out.gateway_id = gateway.text("gateway_id").value_or(gateway.text("id").value_or(""));
    gateway.text("name");
    gateway.text("description");
    for (const auto* key :
         {"role", "mode", "discovery_method", "discovery_interval", "auto_register",
          "managed_targets", "max_fleet_size", "require_gateway_auth", "gateway_token",
          "health_check_interval", "state_sync_interval", "segment", "network_segment"}) {
        gateway.ignore(key, not_yet);
    }
    gateway.finish();
}

Defaults read_global_constraints(MapReader& file)
{
    Defaults defaults;
    const auto node = file.node("global_constraints");
    if (!node) return defaults;
    MapReader global{*node, file.problems(), "global_constraints"};
    defaults.timeout = global.duration("operation_timeout");
    if (defaults.timeout && defaults.timeout->count() == 0) {
        global.complain(*global.node("operation_timeout"),
                        "\"operation_timeout\" must be at least 1 s");
    }
    defaults.requires_approval = global.boolean("require_approval").value_or(false);
    global.ignore("default_audit_level", "every call is audited in full");
    global.ignore("max_concurrent_operations", "each target has its own \"concurrency\"");
    global.ignore("enable_dry_run", "a policy rule says so: effect dry_run_only");
    global.finish();
    return defaults;
}

void check_jumps(const TargetsFile& file, const Node& list, yaml::Problems& problems)
{
    for (const auto& spec : file.targets) {
        const auto* ssh = std::get_if<SshConnection>(&spec.connection);
        if (!ssh || !ssh->jump) continue;
        const auto place = [&] {
            for (const auto& entry : list.entries()) {
                if (entry.key == spec.facts.id.view()) return entry.place;
            }
            return list.place();
        }();
        const auto hop = std::ranges::find(file.targets, *ssh->jump,
                                           [](const auto& other) { return other.facts.id; });
        if (hop == file.targets.end() || hop->kind != Kind::ssh) {
            problems.add(list.file(), place,
                         "target " + quote(spec.facts.id.view()) + " jumps through " +
                             quote(ssh->jump->view()) + ", which is not an ssh target");
        } else if (std::get<SshConnection>(hop->connection).jump) {
            problems.add(list.file(), place,
                         "target " + quote(spec.facts.id.view()) + " jumps through " +
                             quote(ssh->jump->view()) +
                             ", which jumps itself; one jump is supported");
        }
    }
}

}  // namespace

TargetsFile read_targets(std::string_view text,
                         std::string_view file_name,
                         const Environment& environment,
                         yaml::Problems& problems)
{
    TargetsFile out;
    const auto root = yaml::parse(text, file_name, problems);
    if (root.kind() != Node::Kind::map) {
        if (problems.empty())
            problems.add(file_name, {}, "the file must be a mapping with \"targets\"");
        return out;
    }
    MapReader file{root, problems, "targets file"};
    const auto version = file.text("version");
    if (!version) {
        problems.add(file_name, {}, "the file lacks \"version\"; write version: \"1.0\"");
    } else if (*version != "1.0" && *version != "1") {
        file.complain(*file.node("version"),
                      "version " + quote(*version) + " is not known; write \"1.0\"");
    }
    read_gateway(file, out);
    const auto defaults = read_global_constraints(file);
    if (file.has("development_policies")) {
        problems.add(file_name, file.place_of("development_policies"),
                     "\"development_policies\" was never applied; write rules in policy.yaml");
    }
    const auto list = file.node("targets");
    if (!list || list->kind() != Node::Kind::map) {
        problems.add(file_name, file.place_of("targets"),
                     "\"targets\" must be a mapping from target id to target");
    } else {
        for (const auto& entry : list->entries()) {
            auto spec = read_target(entry, defaults, environment, out, problems);
            if (spec) out.targets.push_back(*std::move(spec));
        }
        check_jumps(out, *list, problems);
    }
    file.finish();
    return out;
}

}  // namespace tailops::targets
