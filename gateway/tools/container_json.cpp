#include "gateway/tools/container_json.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <set>

namespace tailops::tools::containers {
namespace {

using nlohmann::json;

constexpr std::size_t short_id_length = 12;
constexpr std::string_view redacted = "[redacted]";

/// Copies the text member `from` as `to`, unless it is absent or empty.
void copy_text(const json& in, std::string_view from, json& out, const char* to)
{
    const auto text = text_member(in, from);
    if (!text.empty()) out[to] = text;
}

void copy_number(const json& in, std::string_view from, json& out, const char* to)
{
    const auto number = optional_field<std::int64_t>(in, from);
    if (number && *number) out[to] = **number;
}

std::string_view without_slash(std::string_view name)
{
    return name.starts_with('/') ? name.substr(1) : name;
}

/// The container's name. Others that it lists are links of the old kind, as "/web/db" for what
/// "web" calls "db"; they stand in any order.
std::string first_name(const json& container)
{
    const auto names = optional_field<std::vector<std::string>>(container, "Names");
    if (!names || !*names || (*names)->empty()) return {};
    const auto own = std::ranges::find_if((*names).value(), [](const std::string& name) {
        return without_slash(name).find('/') == std::string_view::npos;
    });
    return std::string{without_slash(own == (*names)->end() ? (*names)->front() : *own)};
}

/// "Up 2 hours (healthy)" carries the health; the list has no field for it.
std::string_view health_of(std::string_view status)
{
    if (status.ends_with("(healthy)")) return "healthy";
    if (status.ends_with("(unhealthy)")) return "unhealthy";
    return status.ends_with("(health: starting)") ? "starting" : "";
}

/// The stack and service of a container that docker compose made.
void copy_compose(const json* labels, json& out)
{
    if (!labels) return;
    json compose = json::object();
    copy_text(*labels, "com.docker.compose.project", compose, "project");
    copy_text(*labels, "com.docker.compose.service", compose, "service");
    if (!compose.empty()) out["compose"] = std::move(compose);
}

/// "0.0.0.0:8080->80/tcp", as docker ps has it.
std::string port_text(const json& port)
{
    const auto number = [&port](std::string_view name) {
        const auto value = optional_field<std::int64_t>(port, name);
        return value && *value ? std::to_string(**value) : std::string{};
    };
    auto inside = number("PrivatePort") + '/' + std::string{text_member(port, "Type")};
    const auto outside = number("PublicPort");
    if (outside.empty()) return inside;
    const auto address = text_member(port, "IP");
    const bool is_v6 = address.find(':') != address.npos;
    const auto host = is_v6 ? '[' + std::string{address} + ']' : std::string{address};
    return (host.empty() ? "" : host + ':') + outside + "->" + inside;
}

}  // namespace

Result<Elements> array_elements(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos || text[begin] != '[') {
        return fail(Errc::internal, "the engine did not answer with a list");
    }
    Elements out;
    int depth = 0;
    bool in_string = false, is_escaped = false;
    std::size_t from = begin + 1;
    for (auto at = begin + 1; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            if (!is_escaped && c == '"') in_string = false;
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '{' || c == '[') ++depth;
        const bool is_end = c == ']' && depth == 0;
        if (is_end || (c == ',' && depth == 0)) {
            const auto element = trim(text.substr(from, at - from));
            if (!element.empty()) out.texts.push_back(element);
            from = at + 1;
        }
        if (is_end) {
            out.is_complete = true;
            return out;
        }
        if (c == '}' || c == ']') --depth;
    }
    return out;
}

json list_entry(const json& container)
{
    const auto id = text_member(container, "Id");
    const auto status = text_member(container, "Status");
    json out{{"id", id.substr(0, short_id_length)},
             {"name", first_name(container)},
             {"status", status},
             {"state", text_member(container, "State")},
             {"image", text_member(container, "Image")}};
    if (const auto created = optional_field<std::int64_t>(container, "Created");
        created && *created) {
        out["created"] = rfc3339(TimePoint{std::chrono::seconds{**created}});
    }
    std::set<std::string> ports;  // the engine lists one per address
    if (const auto* list = find_member(container, "Ports"); list && list->is_array()) {
        for (const auto& port : *list) ports.insert(port_text(port));
    }
    out["ports"] = ports;
    if (const auto health = health_of(status); !health.empty()) out["health"] = health;
    copy_compose(find_member(container, "Labels"), out);
    return out;
}

bool names_a_secret(std::string_view name)
{
    constexpr std::array hints = {"password",   "passwd",     "passphrase",  "secret",
                                  "token",      "apikey",     "api_key",     "api-key",
                                  "credential", "privatekey", "private_key", "private-key",
                                  "basicauth",  "access_key", "access-key"};
    const auto lower = lower_ascii(name);
    return std::ranges::any_of(hints,
                               [&](const char* hint) { return lower.find(hint) != lower.npos; });
}

std::string redact_word(std::string_view word)
{
    // user:password@ of a URL.
    const auto scheme = word.find("://");
    const auto host = scheme == word.npos ? word.npos : word.find('@', scheme);
    if (host != word.npos && word.substr(scheme + 3, host - scheme - 3).find('/') == word.npos) {
        return std::string{word.substr(0, scheme + 3)} + std::string{redacted} +
               std::string{word.substr(host)};
    }
    const auto equals = word.find('=');
    if (equals == word.npos || !names_a_secret(word.substr(0, equals))) return std::string{word};
    return std::string{word.substr(0, equals + 1)} + std::string{redacted};
}

namespace {

/// Words of a command line; the one that follows `--password` is its value.
json redacted_words(const std::vector<std::string>& words)
{
    auto out = json::array();
    bool is_value = false;
    for (const auto& word : words) {
        out.push_back(is_value ? std::string{redacted} : redact_word(word));
        is_value = word.starts_with('-') && word.find('=') == word.npos && names_a_secret(word);
    }
    return out;
}

json state_json(const json& state)
{
    json out = json::object();
    copy_text(state, "Status", out, "status");
    copy_number(state, "ExitCode", out, "exit_code");
    copy_text(state, "StartedAt", out, "started_at");
    copy_text(state, "FinishedAt", out, "finished_at");
    copy_text(state, "Error", out, "error");
    if (const auto killed = optional_field<bool>(state, "OOMKilled"); killed && *killed) {
        out["oom_killed"] = **killed;
    }
    if (const auto* health = find_member(state, "Health"))
        copy_text(*health, "Status", out, "health");
    return out;
}

json mounts_json(const json& mounts)
{
    auto out = json::array();
    for (const auto& mount : mounts) {
        json entry = json::object();
        copy_text(mount, "Type", entry, "type");
        copy_text(mount, "Name", entry, "name");
        copy_text(mount, "Source", entry, "source");
        copy_text(mount, "Destination", entry, "destination");
        if (const auto writable = optional_field<bool>(mount, "RW"); writable && *writable) {
            entry["writable"] = **writable;
        }
        out.push_back(std::move(entry));
    }
    return out;
}

json networks_json(const json& networks)
{
    auto out = json::array();
    for (const auto& [name, network] : networks.items()) {
        json entry{{"name", name}};
        copy_text(network, "IPAddress", entry, "address");
        copy_text(network, "Gateway", entry, "gateway");
        out.push_back(std::move(entry));
    }
    return out;
}

/// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]} as a list of texts.
json published_ports(const json& ports)
{
    std::set<std::string> out;
    for (const auto& [inside, bindings] : ports.items()) {
        if (!bindings.is_array() || bindings.empty()) out.insert(inside);
        if (!bindings.is_array()) continue;
        for (const auto& binding : bindings) {
            const auto address = text_member(binding, "HostIp");
            const bool is_v6 = address.find(':') != address.npos;
            const auto host = is_v6 ? '[' + std::string{address} + ']' : std::string{address};
            auto line = host.empty() ? std::string{} : host + ':';
            line.append(text_member(binding, "HostPort")).append("->").append(inside);
            out.insert(std::move(line));
        }
    }
    return out;
}

void copy_config(const json& config, json& out)
{
    copy_text(config, "Image", out, "image");
    copy_text(config, "User", out, "user");
    copy_text(config, "WorkingDir", out, "working_directory");
    for (const auto& [from, to] :
         {std::pair{"Entrypoint", "entrypoint"}, std::pair{"Cmd", "command"}}) {
        const auto words = optional_field<std::vector<std::string>>(config, from);
        if (words && *words) out[to] = redacted_words(**words);
    }
    if (const auto env = optional_field<std::vector<std::string>>(config, "Env"); env && *env) {
        auto names = json::array();
        for (const auto& variable : **env) names.push_back(variable.substr(0, variable.find('=')));
        out["env"] = std::move(names);
        out["env_values"] = redacted;
    }
    if (const auto* labels = find_member(config, "Labels"); labels && labels->is_object()) {
        auto kept = json::object();
        for (const auto& [name, value] : labels->items()) {
            if (!value.is_string()) continue;
            kept[name] = names_a_secret(name) ? std::string{redacted}
                                              : redact_word(value.get_ref<const std::string&>());
        }
        out["labels"] = std::move(kept);
        copy_compose(labels, out);
    }
}

}  // namespace

json inspection(const json& container)
{
    json out{{"success", true},
             {"id", text_member(container, "Id").substr(0, short_id_length)},
             {"name", without_slash(text_member(container, "Name"))}};
    copy_text(container, "Created", out, "created");
    copy_text(container, "Platform", out, "platform");
    copy_number(container, "RestartCount", out, "restart_count");
    if (const auto* state = find_member(container, "State")) {
        out["state"] = state_json(*state);
        copy_text(*state, "Status", out, "status");
    }
    if (const auto* config = find_member(container, "Config")) copy_config(*config, out);
    if (const auto* host = find_member(container, "HostConfig")) {
        copy_text(*host, "NetworkMode", out, "network_mode");
        copy_number(*host, "Memory", out, "memory_limit_bytes");
        if (const auto privileged = optional_field<bool>(*host, "Privileged");
            privileged && *privileged) {
            out["privileged"] = **privileged;
        }
        if (const auto* policy = find_member(*host, "RestartPolicy")) {
            copy_text(*policy, "Name", out, "restart_policy");
        }
    }
    if (const auto* mounts = find_member(container, "Mounts"); mounts && mounts->is_array()) {
        out["mounts"] = mounts_json(*mounts);
    }
    if (const auto* network = find_member(container, "NetworkSettings")) {
        const auto* networks = find_member(*network, "Networks");
        if (networks && networks->is_object()) out["networks"] = networks_json(*networks);
        const auto* ports = find_member(*network, "Ports");
        if (ports && ports->is_object()) out["ports"] = published_ports(*ports);
    }
    return out;
}

}  // namespace tailops::tools::containers
