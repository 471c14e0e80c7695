#include "gateway/tools/containers/recreation.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace tailops::tools::containers {
namespace {

using nlohmann::json;

constexpr std::size_t short_id_length = 12;

/// The member; an empty object where there is none.
const json& member(const json& in, std::string_view name)
{
    static const json none = json::object();
    const auto* found = find_member(in, name);
    return found && found->is_object() ? *found : none;
}

bool is_nothing(const json& value)
{
    return value.is_null() || ((value.is_array() || value.is_object()) && value.empty()) ||
           (value.is_string() && value.get_ref<const std::string&>().empty());
}

/// Takes out of an object the members that `usual` has with the same values.
void drop_usual(json& object, const json& usual)
{
    if (!object.is_object() || !usual.is_object()) return;
    for (const auto& [name, value] : usual.items()) {
        const auto at = object.find(name);
        if (at != object.end() && *at == value) object.erase(at);
    }
}

/// The words that `usual` does not have.
json words_without(const json& words, const json& usual)
{
    auto out = json::array();
    for (const auto& word : words) {
        const bool is_usual = usual.is_array() && std::ranges::find(usual, word) != usual.end();
        if (!is_usual) out.push_back(word);
    }
    return out;
}

/// Whether the member is what the image has, or nothing.
bool is_of_image(const json& config, const json& image, const char* name)
{
    const auto* own = find_member(config, name);
    if (!own || is_nothing(*own)) return true;
    const auto* usual = find_member(image, name);
    return usual && *usual == *own;
}

/// The configuration without what the image gave to it. Where nobody knows the image any more, all
/// of it counts as the user's.
json own_config(json config, const json* old_image)
{
    const auto& image = old_image ? member(*old_image, "Config") : member({}, "Config");
    // A command without an entrypoint of its own is the image's, or goes with the image's.
    const bool has_none = is_nothing(config.value("Entrypoint", json{}));
    const bool may_be_cleared = !old_image || !is_of_image(image, {}, "Entrypoint");
    if (has_none && may_be_cleared) {
        // One empty word is how the API says "none, whatever the image has".
        config["Entrypoint"] = json::array({""});
    } else if (is_of_image(config, image, "Entrypoint")) {
        config.erase("Entrypoint");
        if (is_of_image(config, image, "Cmd")) config.erase("Cmd");
    }
    for (const auto* name : {"WorkingDir", "User", "StopSignal", "Shell"}) {
        if (is_of_image(config, image, name)) config.erase(name);
    }
    // An engine fills in what a check of the user's does not say.
    if (config.contains("Healthcheck")) {
        drop_usual(config["Healthcheck"], member(image, "Healthcheck"));
        if (is_nothing(config["Healthcheck"])) config.erase("Healthcheck");
    }
    if (const auto* env = find_member(config, "Env"); env && env->is_array()) {
        const auto* usual = find_member(image, "Env");
        config["Env"] = words_without(*env, usual ? *usual : json{});
    }
    for (const auto* name : {"Labels", "Volumes", "ExposedPorts"}) {
        if (config.contains(name)) drop_usual(config[name], member(image, name));
    }
    config.erase("OnBuild");
    return config;
}

/// Whether the mode is that of a network of its own, which has a host name and endpoints.
bool has_own_network(std::string_view mode)
{
    return mode != "host" && mode != "none" && !mode.starts_with("container:");
}

/// {"/db": "/web/database"} as an engine lists it, for its own API: "db:database".
std::string link_of(std::string_view listed)
{
    const auto colon = listed.find(':');
    if (colon == listed.npos) return std::string{listed};
    auto from = listed.substr(0, colon), alias = listed.substr(colon + 1);
    if (from.starts_with('/')) from.remove_prefix(1);
    if (const auto slash = alias.rfind('/'); slash != alias.npos) alias.remove_prefix(slash + 1);
    return std::string{from} + ':' + std::string{alias};
}

/// The name of the volume that is mounted there; empty: none is.
std::string volume_at(const json& container, std::string_view place)
{
    const auto* mounts = find_member(container, "Mounts");
    if (!mounts || !mounts->is_array()) return {};
    for (const auto& mount : *mounts) {
        const bool is_volume = text_member(mount, "Type") == "volume";
        if (is_volume && text_member(mount, "Destination") == place) {
            return std::string{text_member(mount, "Name")};
        }
    }
    return {};
}

/// A mount of a volume without a name is of the one that the engine made for it.
void name_volume(json& mount, const std::string& name)
{
    if (text_member(mount, "Type") != "volume" || name.empty()) return;
    if (text_member(mount, "Source").empty()) mount["Source"] = name;
}

/// The volumes without a name of the user's, bound by the names that the engine gave them: their
/// data goes on.
void bind_anonymous_volumes(const json& container, json& host)
{
    std::set<std::string> bound;
    const auto* binds = find_member(host, "Binds");
    if (binds && binds->is_array()) {
        for (const auto& bind : *binds) {
            if (!bind.is_string()) continue;
            const auto parts = split(bind.get_ref<const std::string&>(), ':');
            if (parts.size() > 1) bound.emplace(parts[1]);
        }
    }
    if (const auto at = host.find("Mounts"); at != host.end() && at->is_array()) {
        for (auto& mount : *at) {
            const std::string place{text_member(mount, "Target")};
            name_volume(mount, volume_at(container, place));
            bound.emplace(place);
        }
    }
    const auto* mounts = find_member(container, "Mounts");
    if (!mounts || !mounts->is_array()) return;
    for (const auto& mount : *mounts) {
        const auto name = text_member(mount, "Name"), place = text_member(mount, "Destination");
        const bool is_volume = text_member(mount, "Type") == "volume";
        if (!is_volume || name.empty() || bound.contains(std::string{place})) continue;
        const auto* writable = find_member(mount, "RW");
        const bool is_read_only = writable && *writable == false;
        if (!host["Binds"].is_array()) host["Binds"] = json::array();
        host["Binds"].push_back(std::string{name} + ':' + std::string{place} +
                                (is_read_only ? ":ro" : ""));
    }
}

/// What the user asked for of a connection to a network: not what the engine gave to it.
json endpoint_of(const json& network, std::string_view short_id)
{
    auto out = json::object();
    for (const auto* name : {"IPAMConfig", "Links", "DriverOpts", "GwPriority"}) {
        const auto* value = find_member(network, name);
        if (value && !is_nothing(*value)) out[name] = *value;
    }
    auto aliases = json::array();
    if (const auto* listed = find_member(network, "Aliases"); listed && listed->is_array()) {
        for (const auto& alias : *listed) {
            if (alias != short_id) aliases.push_back(alias);
        }
    }
    if (!aliases.empty()) out["Aliases"] = std::move(aliases);
    return out;
}

}  // namespace

Status check_recreatable(const json& container)
{
    const auto& state = member(container, "State");
    const auto status = text_member(state, "Status");
    if (status == "paused") {
        return fail(Errc::invalid_argument, "the container is paused; unpause it first");
    }
    if (status == "removing" || status == "dead") {
        return fail(Errc::invalid_argument,
                    "the container is " + std::string{status} + " and cannot be made once more");
    }
    if (status == "restarting") {
        return fail(Errc::invalid_argument,
                    "the container keeps ending and being restarted; stop it first");
    }
    const auto* removes = find_member(member(container, "HostConfig"), "AutoRemove");
    if (removes && *removes == true) {
        return fail(Errc::invalid_argument,
                    "the container was run with --rm: it is gone once it stops, so that there "
                    "would be nothing to go back to; stop it and run it again from the new image");
    }
    return {};
}

std::string own_restarts(const json& container)
{
    const auto& policy = member(member(container, "HostConfig"), "RestartPolicy");
    const auto name = text_member(policy, "Name");
    if (name.empty() || name == "no" || name == "unless-stopped") return {};
    return dump_json(json{{"RestartPolicy", policy}});
}

std::string connect_body(const std::string& container, const std::string& endpoint)
{
    return dump_json(json{{"Container", container},
                          {"EndpointConfig", parse_json(endpoint).value_or(json::object())}});
}

std::vector<std::string> referred_to(const json& container)
{
    constexpr std::string_view mark = "container:";
    std::vector<std::string> out;
    const auto& host = member(container, "HostConfig");
    for (const auto* name : {"NetworkMode", "IpcMode", "PidMode"}) {
        auto mode = text_member(host, name);
        if (!mode.starts_with(mark)) continue;
        mode.remove_prefix(mark.size());
        out.emplace_back(mode);
    }
    return out;
}

Recreation recreation_of(const json& container, const json* old_image, const json& new_image)
{
    const auto id = text_member(container, "Id");
    const auto short_id = id.substr(0, short_id_length);
    auto body = own_config(member(container, "Config"), old_image);
    auto host = member(container, "HostConfig");
    const auto mode = std::string{text_member(host, "NetworkMode")};

    // The engine's own choice, which is another one for another container.
    const bool is_own_name = text_member(body, "Hostname") == short_id;
    if (is_own_name || !has_own_network(mode)) body.erase("Hostname");
    if (!has_own_network(mode)) {
        for (const auto* name : {"Domainname", "ExposedPorts", "MacAddress"}) body.erase(name);
    }
    // Compose compares it with the image to tell whether the container is up to date.
    if (member(body, "Labels").contains("com.docker.compose.image")) {
        body["Labels"]["com.docker.compose.image"] = text_member(new_image, "Id");
    }
    host.erase("ContainerIDFile");
    // What is published has to be exposed, also where the new image exposes other ports.
    for (const auto& [port, bindings] : member(host, "PortBindings").items()) {
        if (has_own_network(mode)) body["ExposedPorts"][port] = json::object();
    }
    if (const auto* links = find_member(host, "Links"); links && links->is_array()) {
        auto own = json::array();
        for (const auto& link : *links) {
            if (link.is_string()) own.push_back(link_of(link.get_ref<const std::string&>()));
        }
        host["Links"] = std::move(own);
    }
    bind_anonymous_volumes(container, host);
    body["HostConfig"] = std::move(host);

    Recreation out;
    const auto& networks = member(member(container, "NetworkSettings"), "Networks");
    if (has_own_network(mode)) {
        // "default" is what an engine calls its bridge before it has been asked.
        const auto first = mode == "default" || mode.empty() ? std::string{"bridge"} : mode;
        for (const auto& [name, network] : networks.items()) {
            auto endpoint = endpoint_of(network, short_id);
            const bool is_first = name == first || text_member(network, "NetworkID") == first;
            if (is_first && endpoint.empty()) continue;
            if (is_first) {
                body["NetworkingConfig"]["EndpointsConfig"][name] = std::move(endpoint);
                continue;
            }
            out.connects.emplace_back(name, dump_json(endpoint));
        }
    }
    out.create_body = dump_json(body);
    return out;
}

}  // namespace tailops::tools::containers
