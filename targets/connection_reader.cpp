#include "targets/connection_reader.hpp"

#include "gateway/core/text.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/docker/engine_endpoint.hpp"
#include "targets/http/api_path.hpp"
#include "targets/http/http_executor.hpp"

#include <algorithm>
#include <array>

namespace tailops::targets {
namespace {

using yaml::MapReader;

/// Reads a key of `connection` that may be written as ${NAME}: the variable's value.
std::optional<std::string> expanded(MapReader& from,
                                    std::string_view key,
                                    const Environment& environment)
{
    auto text = from.text(key);
    if (!text || !text->starts_with("${") || !text->ends_with('}')) return text;
    const auto name = text->substr(2, text->size() - 3);
    auto value = environment(name);
    if (value && !value->empty()) return value;
    from.complain(*from.node(key), "the environment variable " + quote(name) + " is not set");
    return std::nullopt;
}

std::optional<CredentialReference> credential(MapReader& from, std::string_view key)
{
    const auto text = from.text(key);
    if (!text) return std::nullopt;
    auto reference = parse_credential_reference(*text);
    if (reference) return *std::move(reference);
    from.complain(*from.node(key), quote(key) + ": " + reference.error().public_message());
    return std::nullopt;
}

bool is_host(std::string_view host)
{
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == ':' || c == '_';
    };
    return !host.empty() && host.size() <= 253 && host.front() != '-' &&
           std::ranges::all_of(host, fits);
}

SshConnection read_ssh(MapReader& from, const Environment& environment)
{
    SshConnection out;
    out.host = from.required_text("host");
    if (!out.host.empty() && !is_host(out.host)) {
        from.complain(*from.node("host"), quote(out.host) + " is not a host name or address");
    }
    out.username = from.required_text("username");
    if (const auto port = from.integer("port", 1, 65535)) {
        out.port = static_cast<std::uint16_t>(*port);
    }
    if (from.has("key_path") && from.has("key")) {
        from.complain("give \"key_path\" or \"key\", not both");
    }
    out.key = credential(from, "key");
    const auto key = expanded(from, "key_path", environment);
    if (key && key->starts_with("-----BEGIN")) {
        // The variable holds the key itself; remember where it is, not what it is.
        out.key = *parse_credential_reference(*from.text("key_path"));
    } else {
        out.key_path = key.value_or("");
    }
    const bool has_key = from.has("key_path") || from.has("key");
    out.has_no_key = from.choice("credential", {"none"}).has_value();
    if (out.has_no_key && (has_key || from.has("passphrase"))) {
        from.complain(*from.node("credential"),
                      "\"credential: none\" means a login without a key; give no \"key_path\", "
                      "\"key\" and \"passphrase\" beside it");
    }
    if (!has_key && !from.has("credential")) {
        from.complain(
            "connection lacks \"key_path\" (a private key file) or \"key\" (a credential "
            "reference), or \"credential: none\" where the server needs no key (Tailscale SSH); "
            "passwords are not supported");
    }
    out.passphrase = credential(from, "passphrase");
    out.host_key = from.text("host_key").value_or("");
    if (!out.host_key.empty() && split(out.host_key, ' ').size() < 2) {
        from.complain(*from.node("host_key"),
                      "\"host_key\" is a line such as \"ssh-ed25519 AAAA...\"");
    }
    if (const auto jump = from.text("jump")) out.jump = TargetId{*jump};
    if (const auto timeout = from.duration("timeout")) out.connect_timeout = *timeout;
    if (const auto age = from.duration("login_lifetime")) out.login_lifetime = *age;
    if (const auto channels = from.integer("channels", 1, 64)) {
        out.channels_max = static_cast<std::size_t>(*channels);
    }
    return out;
}

DockerConnection read_docker(MapReader& from, const Environment& environment)
{
    DockerConnection out;
    out.socket_path = from.text("socket_path").value_or("");
    out.host = from.text("host").value_or("");
    if (out.host.starts_with("unix://")) {
        out.socket_path = out.host.substr(7);
        out.host.clear();
    }
    if (out.socket_path.empty() == out.host.empty()) {
        from.complain("connection needs either \"socket_path\" or \"host\" (tcp://HOST:PORT)");
    }
    if (!out.socket_path.empty() && !out.socket_path.starts_with('/')) {
        from.complain("\"socket_path\" must be absolute");
    }
    if (!out.host.empty() && !out.host.starts_with("tcp://")) {
        from.complain(*from.node("host"), "\"host\" must be tcp://HOST:PORT or unix:///PATH");
    } else if (!out.host.empty() && out.socket_path.empty()) {
        const auto usable = engine_endpoint({.socket_path = {}, .host = out.host, .cert_path = {}});
        if (!usable) from.complain(*from.node("host"), usable.error().public_message());
    }
    out.cert_path = expanded(from, "cert_path", environment).value_or("");
    const auto verify = from.boolean("tls_verify");
    out.tls = verify.has_value() || !out.cert_path.empty();
    out.tls_verify = verify.value_or(true);
    from.ignore("timeout", "constraints.timeout bounds every operation, connecting included");
    return out;
}

void read_http_auth(MapReader& from, HttpConnection& out)
{
    const auto node = from.node("auth");
    if (!node) return;
    MapReader auth{*node, from.problems(), "auth"};
    const auto scheme = auth.choice("scheme", {"none", "bearer", "basic", "header"});
    if (scheme == "bearer") out.scheme = HttpConnection::Scheme::bearer;
    if (scheme == "basic") {
        out.scheme = HttpConnection::Scheme::basic;
        out.username = auth.required_text("username");
    }
    if (scheme == "header") {
        out.scheme = HttpConnection::Scheme::header;
        out.header_name = auth.required_text("header");
    }
    out.credential = credential(auth, "credential");
    const bool is_sent = out.scheme != HttpConnection::Scheme::none;
    if (is_sent && !auth.has("credential")) {
        auth.complain("auth lacks \"credential\", e.g. env:API_TOKEN");
    }
    // A scheme that could not be read is complained of already.
    if (!is_sent && auth.has("credential") && (scheme || !auth.has("scheme"))) {
        auth.problems().add(node->file(), auth.place_of("credential"),
                            "\"credential\" would never be sent; say how with \"scheme\": bearer, "
                            "basic or header, or leave it out");
    }
    if (const auto fit = check_credential_carrier(out); !fit) {
        const auto* key = out.scheme == HttpConnection::Scheme::basic ? "username" : "header";
        if (auth.node(key))
            auth.complain(*auth.node(key), quote(key) + ": " + fit.error().public_message());
    }
    auth.finish();
}

HttpConnection read_http(MapReader& from, const Environment& environment)
{
    HttpConnection out;
    const auto* key = from.has("base_url") ? "base_url" : "host";
    out.base_url = from.required_text(key);
    if (!out.base_url.empty()) {
        if (const auto usable = check_base_url(out.base_url); !usable) {
            from.complain(*from.node(key), quote(key) + ": " + usable.error().public_message());
        }
    }
    out.tls_verify = from.boolean("tls_verify").value_or(true);
    out.ca_file = expanded(from, "cert_path", environment).value_or("");
    read_http_auth(from, out);
    out.methods = from.restricting_texts("methods");
    for (const auto& method : out.methods) {
        constexpr std::array known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
        if (std::ranges::find(known, method) == known.end()) {
            from.complain(*from.node("methods"), "unknown method " + quote(method));
        }
    }
    out.paths = from.restricting_texts("paths");
    for (const auto& path : out.paths) {
        if (!path.starts_with('/')) {
            from.complain(*from.node("paths"),
                          "the path " + quote(path) + " must begin with \"/\"");
        } else if (const auto usable = check_canonical_path(path); !usable) {
            from.complain(*from.node("paths"), "\"paths\": " + usable.error().public_message());
        }
    }
    from.ignore("timeout", "constraints.timeout bounds every operation, connecting included");
    return out;
}

}  // namespace

Connection read_connection(Kind kind,
                           MapReader& target,
                           const yaml::Node& node,
                           const Environment& environment)
{
    if (kind != Kind::local && node.kind() == yaml::Node::Kind::null) {
        target.complain("the target lacks \"connection\"");
        return LocalConnection{};
    }
    MapReader from{node, target.problems(), "connection"};
    // The earlier loader wanted the executor here; the same word again does no harm.
    if (const auto executor = from.text("executor"); executor && *executor != to_string(kind)) {
        from.complain(*from.node("executor"), "connection says executor " + quote(*executor) +
                                                  ", the target says " + quote(to_string(kind)));
    }
    Connection out;
    switch (kind) {
    case Kind::local: out = LocalConnection{}; break;
    case Kind::ssh: out = read_ssh(from, environment); break;
    case Kind::docker: out = read_docker(from, environment); break;
    case Kind::http: out = read_http(from, environment); break;
    }
    from.finish();
    return out;
}

}  // namespace tailops::targets
