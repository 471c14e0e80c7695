#include "gateway/tools/containers/container_json.hpp"

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

/// The text member, unless it is absent or empty.
std::optional<std::string> some_text(const json& in, std::string_view name)
{
    const auto text = text_member(in, name);
    return text.empty() ? std::nullopt : std::optional<std::string>{text};
}

/// The member, unless it is absent or of another type.
template <class T>
std::optional<T> some(const json& in, std::string_view name)
{
    auto value = optional_field<T>(in, name);
    return value ? *std::move(value) : std::nullopt;
}

/// The member, if it is an object or a list as `is_kind` has it.
const json* member_of_kind(const json& in, std::string_view name, bool (json::*is_kind)() const)
{
    const auto* member = find_member(in, name);
    return member && (member->*is_kind)() ? member : nullptr;
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
std::optional<Compose> compose_of(const json* labels)
{
    if (!labels) return std::nullopt;
    Compose out{.project = some_text(*labels, "com.docker.compose.project"),
                .service = some_text(*labels, "com.docker.compose.service")};
    return out.project || out.service ? std::optional{std::move(out)} : std::nullopt;
}

std::string in_brackets_if_v6(std::string_view address)
{
    const bool is_v6 = address.find(':') != address.npos;
    return is_v6 ? '[' + std::string{address} + ']' : std::string{address};
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
    const auto host = in_brackets_if_v6(text_member(port, "IP"));
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

ListedContainer list_entry(const json& container)
{
    ListedContainer out{.id = std::string{text_member(container, "Id").substr(0, short_id_length)},
                        .name = first_name(container),
                        .status = std::string{text_member(container, "Status")},
                        .state = std::string{text_member(container, "State")},
                        .image = std::string{text_member(container, "Image")},
                        .compose = compose_of(find_member(container, "Labels"))};
    if (const auto created = some<std::int64_t>(container, "Created")) {
        out.created = rfc3339(TimePoint{std::chrono::seconds{*created}});
    }
    std::set<std::string> ports;  // the engine lists one per address
    if (const auto* list = member_of_kind(container, "Ports", &json::is_array)) {
        for (const auto& port : *list) ports.insert(port_text(port));
    }
    out.ports.assign(ports.begin(), ports.end());
    if (const auto health = health_of(out.status); !health.empty()) out.health = health;
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
std::vector<std::string> redacted_words(const std::vector<std::string>& words)
{
    std::vector<std::string> out;
    bool is_value = false;
    for (const auto& word : words) {
        out.push_back(is_value ? std::string{redacted} : redact_word(word));
        is_value = word.starts_with('-') && word.find('=') == word.npos && names_a_secret(word);
    }
    return out;
}

std::optional<std::vector<std::string>> command_words(const json& config, std::string_view name)
{
    const auto words = some<std::vector<std::string>>(config, name);
    return words ? std::optional{redacted_words(*words)} : std::nullopt;
}

ContainerState state_of(const json& state)
{
    const auto* health = find_member(state, "Health");
    return {.status = some_text(state, "Status"),
            .exit_code = some<std::int64_t>(state, "ExitCode"),
            .started_at = some_text(state, "StartedAt"),
            .finished_at = some_text(state, "FinishedAt"),
            .error = some_text(state, "Error"),
            .oom_killed = some<bool>(state, "OOMKilled"),
            .health = health ? some_text(*health, "Status") : std::nullopt};
}

std::vector<Mount> mounts_of(const json& mounts)
{
    std::vector<Mount> out;
    for (const auto& mount : mounts) {
        out.push_back({.type = some_text(mount, "Type"),
                       .name = some_text(mount, "Name"),
                       .source = some_text(mount, "Source"),
                       .destination = some_text(mount, "Destination"),
                       .writable = some<bool>(mount, "RW")});
    }
    return out;
}

std::vector<Network> networks_of(const json& networks)
{
    std::vector<Network> out;
    for (const auto& [name, network] : networks.items()) {
        out.push_back({.name = name,
                       .address = some_text(network, "IPAddress"),
                       .gateway = some_text(network, "Gateway")});
    }
    return out;
}

/// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]} as a list of texts.
std::vector<std::string> published_ports(const json& ports)
{
    std::set<std::string> out;
    for (const auto& [inside, bindings] : ports.items()) {
        if (!bindings.is_array() || bindings.empty()) out.insert(inside);
        if (!bindings.is_array()) continue;
        for (const auto& binding : bindings) {
            const auto host = in_brackets_if_v6(text_member(binding, "HostIp"));
            auto line = host.empty() ? std::string{} : host + ':';
            line.append(text_member(binding, "HostPort")).append("->").append(inside);
            out.insert(std::move(line));
        }
    }
    return {out.begin(), out.end()};
}

std::map<std::string, std::string> shown_labels(const json& labels)
{
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : labels.items()) {
        if (!value.is_string()) continue;
        out[name] = names_a_secret(name) ? std::string{redacted}
                                         : redact_word(value.get_ref<const std::string&>());
    }
    return out;
}

void read_config(const json& config, InspectedContainer& out)
{
    out.image = some_text(config, "Image");
    out.user = some_text(config, "User");
    out.working_directory = some_text(config, "WorkingDir");
    out.entrypoint = command_words(config, "Entrypoint");
    out.command = command_words(config, "Cmd");
    if (auto env = some<std::vector<std::string>>(config, "Env")) {
        for (auto& variable : *env) variable.resize(std::min(variable.find('='), variable.size()));
        out.env = std::move(env);
        out.env_values = redacted;
    }
    if (const auto* labels = member_of_kind(config, "Labels", &json::is_object)) {
        out.labels = shown_labels(*labels);
        out.compose = compose_of(labels);
    }
}

void read_host_config(const json& host, InspectedContainer& out)
{
    out.network_mode = some_text(host, "NetworkMode");
    out.memory_limit_bytes = some<std::int64_t>(host, "Memory");
    out.privileged = some<bool>(host, "Privileged");
    if (const auto* policy = find_member(host, "RestartPolicy")) {
        out.restart_policy = some_text(*policy, "Name");
    }
}

}  // namespace

InspectedContainer inspection(const json& container)
{
    InspectedContainer out{
        .id = std::string{text_member(container, "Id").substr(0, short_id_length)},
        .name = std::string{without_slash(text_member(container, "Name"))},
        .created = some_text(container, "Created"),
        .platform = some_text(container, "Platform"),
        .restart_count = some<std::int64_t>(container, "RestartCount")};
    if (const auto* state = find_member(container, "State")) {
        out.state = state_of(*state);
        out.status = out.state->status;
    }
    if (const auto* config = find_member(container, "Config")) read_config(*config, out);
    if (const auto* host = find_member(container, "HostConfig")) read_host_config(*host, out);
    if (const auto* mounts = member_of_kind(container, "Mounts", &json::is_array)) {
        out.mounts = mounts_of(*mounts);
    }
    if (const auto* network = find_member(container, "NetworkSettings")) {
        if (const auto* networks = member_of_kind(*network, "Networks", &json::is_object)) {
            out.networks = networks_of(*networks);
        }
        if (const auto* ports = member_of_kind(*network, "Ports", &json::is_object)) {
            out.ports = published_ports(*ports);
        }
    }
    return out;
}

}  // namespace tailops::tools::containers
