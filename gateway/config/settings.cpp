#include "gateway/config/settings.hpp"

#include "gateway/config/sources.hpp"
#include "gateway/core/text.hpp"
#include "gateway/net/http_client.hpp"
#include "targets/credentials/credentials.hpp"

#include <algorithm>
#include <filesystem>

namespace tailops::config {
namespace {

using yaml::MapReader;

std::optional<targets::CredentialReference> credential(MapReader& from, std::string_view key)
{
    const auto text = from.text(key);
    if (!text) return std::nullopt;
    auto reference = targets::parse_credential_reference(*text);
    if (reference) return *std::move(reference);
    from.complain(*from.node(key), quote(key) + ": " + reference.error().public_message());
    return std::nullopt;
}

template <class T>
void take(std::optional<T> value, T& into)
{
    if (value) into = *std::move(value);
}

void take_list(MapReader& from, std::string_view key, std::vector<std::string>& into)
{
    if (from.has(key)) into = from.texts(key);
}

void take_size(
    MapReader& from, std::string_view key, std::size_t min, std::size_t max, std::size_t& into)
{
    const auto value =
        from.integer(key, static_cast<std::int64_t>(min), static_cast<std::int64_t>(max));
    if (value) into = static_cast<std::size_t>(*value);
}

void take_proxies(MapReader& from, std::string_view key, net::TrustedProxies& into)
{
    for (const auto& text : from.texts(key)) {
        if (text == net::unix_peer) {
            into.unix_sockets = true;
        } else if (auto range = net::AddressRange::parse(text)) {
            into.ranges.push_back(*std::move(range));
        } else {
            from.complain(*from.node(key), quote(key) + ": " + range.error().public_message());
        }
    }
}

/// A time that must pass before something is given up: zero would give up at once.
void take_time(MapReader& from, std::string_view key, std::chrono::seconds& into)
{
    const auto value = from.duration(key);
    if (!value) return;
    if (value->count() == 0) from.complain(*from.node(key), quote(key) + " must be at least 1 s");
    into = *value;
}

void read_oidc(MapReader& auth, OidcSettings& out)
{
    const auto node = auth.node("oidc");
    if (!node) return;
    MapReader oidc{*node, auth.problems(), "oidc"};
    take(oidc.text("issuer"), out.issuer);
    take(oidc.text("introspection_endpoint"), out.introspection_endpoint);
    take(oidc.text("client_id"), out.client_id);
    out.client_secret = credential(oidc, "client_secret");
    take(oidc.choice("client_authentication", {"basic", "form", "bearer", "none"}),
         out.client_authentication);
    take_list(oidc, "audience", out.audiences);
    take(oidc.choice("scopes", {"auto", "from_policy", "from_token"}), out.scopes);
    take_time(oidc, "remember_for", out.remember_for);
    // The documentation promises that a revoked token is refused after that time.
    constexpr std::chrono::seconds remembered_at_most{60};
    if (out.remember_for > remembered_at_most) {
        oidc.complain(*oidc.node("remember_for"), "\"remember_for\" must be at most 60 s");
    }
    oidc.finish();
}

void read_auth(MapReader& file, AuthSettings& out)
{
    const auto node = file.node("auth");
    if (!node) return;
    MapReader auth{*node, file.problems(), "auth"};
    if (const auto mode = auth.choice("mode", {"oidc", "token", "none"})) out.mode = to_mode(*mode);
    take(auth.boolean("i_accept_the_risk"), out.i_accept_the_risk);
    take_list(auth, "anonymous_scopes", out.anonymous_scopes);
    out.hmac_shared_secret = credential(auth, "hmac_shared_secret");
    take(auth.boolean("hmac_without_expiry"), out.hmac_without_expiry);
    read_oidc(auth, out.oidc);
    auth.finish();
}

void read_audit(MapReader& file, AuditSettings& out)
{
    const auto node = file.node("audit");
    if (!node) return;
    MapReader audit{*node, file.problems(), "audit"};
    out.key = credential(audit, "key");
    take_size(audit, "rotate_bytes", 64 * 1024, std::size_t{1} << 40, out.rotate_bytes);
    take_size(audit, "keep_files", 2, 512, out.keep_files);
    audit.finish();
}

void read_mcp(MapReader& file, McpSettings& out)
{
    const auto node = file.node("mcp");
    if (!node) return;
    MapReader mcp{*node, file.problems(), "mcp"};
    if (mcp.choice("tool_exposure", {"full", "compact"}) == "compact") {
        out.tool_exposure = tailops::service::ToolExposure::compact;
    }
    out.state_key = credential(mcp, "state_key");
    out.previous_state_key = credential(mcp, "previous_state_key");
    if (const auto after = mcp.duration("task_after")) out.task_after = *after;
    if (const auto ttl = mcp.duration("task_ttl")) out.task_ttl = *ttl;
    if (const auto every = mcp.duration("progress_every")) out.progress_every = *every;
    take_size(mcp, "calls_per_minute", 0, 10'000'000, out.calls_per_minute);
    if (out.previous_state_key && !out.state_key) {
        mcp.complain("previous_state_key needs a state_key beside it");
    }
    mcp.finish();
}

void read_log(MapReader& file, Settings& out)
{
    const auto node = file.node("log");
    if (!node) return;
    MapReader log{*node, file.problems(), "log"};
    if (const auto level = log.choice("level", {"debug", "info", "warning", "error"})) {
        out.log_level = *to_level(*level);
    }
    if (const auto format = log.choice("format", {"text", "json"})) {
        out.log_format = *format == "json" ? LogFormat::json : LogFormat::text;
    }
    log.finish();
}

void read_limits(MapReader& file, Limits& out)
{
    const auto node = file.node("limits");
    if (!node) return;
    MapReader limits{*node, file.problems(), "limits"};
    constexpr std::size_t mebibyte = 1024 * 1024;
    take_size(limits, "header_bytes", 1024, mebibyte, out.header_bytes);
    take_size(limits, "body_bytes", 1024, 256 * mebibyte, out.body_bytes);
    take_size(limits, "bodies_bytes", mebibyte, 65536 * mebibyte, out.bodies_bytes);
    take_size(limits, "bodies_bytes_per_peer", mebibyte, 65536 * mebibyte,
              out.bodies_bytes_per_peer);
    if (const auto depth = limits.integer("json_depth", 8, 512)) {
        out.json_depth = static_cast<int>(*depth);
    }
    take_time(limits, "header_read_timeout", out.header_read_timeout);
    take_time(limits, "body_read_timeout", out.body_read_timeout);
    take_time(limits, "idle_timeout", out.idle_timeout);
    take_time(limits, "write_stall_timeout", out.write_stall_timeout);
    take_time(limits, "stop_grace", out.stop_grace);
    take_size(limits, "connections", 1, 1'000'000, out.connections);
    take_size(limits, "connections_per_peer", 1, 1'000'000, out.connections_per_peer);
    take_size(limits, "sessions", 1, 1'000'000, out.sessions);
    take_size(limits, "sessions_per_principal", 1, 1'000'000, out.sessions_per_principal);
    take_size(limits, "idempotency_keys", 1, 1'000'000, out.idempotency_keys);
    take_size(limits, "idempotency_keys_per_principal", 1, 1'000'000,
              out.idempotency_keys_per_principal);
    take_time(limits, "idempotency_retention", out.idempotency_retention);
    limits.finish();
}

void read_output(MapReader& file, OutputLimits& out)
{
    const auto node = file.node("output");
    if (!node) return;
    MapReader output{*node, file.problems(), "output"};
    constexpr std::size_t kibibyte = 1024, tebibyte = std::size_t{1} << 40;
    take_size(output, "run_bytes", kibibyte, tebibyte, out.run_bytes);
    take_size(output, "total_bytes", kibibyte, tebibyte, out.total_bytes);
    take_time(output, "keep", out.keep);
    if (out.run_bytes > out.total_bytes) {
        output.complain(*node, "\"run_bytes\" must not be more than \"total_bytes\"");
    }
    output.finish();
}

std::string beside(std::string_view file, const std::string& name)
{
    if (name.empty() || name.starts_with('/')) return name;
    return (std::filesystem::path{file}.parent_path() / name).string();
}

void read_tls(MapReader& file, std::string_view file_name, Settings& out)
{
    const auto node = file.node("tls");
    if (!node) return;
    MapReader tls{*node, file.problems(), "tls"};
    take(tls.boolean("i_accept_the_risk"), out.clear_text_risk_accepted);
    const bool has_files = tls.has("certificate") || tls.has("key");
    if (has_files && out.clear_text_risk_accepted) {
        tls.complain(
            "i_accept_the_risk is for plain HTTP; take it out, or certificate and key with it");
    }
    if (has_files || !out.clear_text_risk_accepted) {
        out.tls_certificate = beside(file_name, tls.required_text("certificate"));
        out.tls_key = beside(file_name, tls.required_text("key"));
    }
    tls.finish();
}

/// "localhost" or an IP address, an IPv6 one with its zone if it has one (fe80::1%eth0).
bool is_listen_host(std::string_view host)
{
    if (lower_ascii(host) == "localhost") return true;
    const bool is_v6 = host.find(':') != std::string_view::npos;
    return net::IpAddress::parse(is_v6 ? host.substr(0, host.find('%')) : host).has_value();
}

constexpr std::string_view unix_scheme = "unix:";

Result<ListenAddress> unix_address(std::string_view text)
{
    const auto path = text.substr(unix_scheme.size());
    if (!path.starts_with('/') || path.ends_with('/') ||
        path.find('\0') != std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    quote(text) +
                        " is not a Unix socket; write unix: and the path from the root, e.g. "
                        "unix:/run/tailops/gateway.sock");
    }
    // The kernel's room for it, with the zero at its end (unix(7)).
    constexpr auto bytes_max = sizeof sockaddr_un::sun_path - 1;
    if (path.size() > bytes_max) {
        return fail(Errc::invalid_argument, "the path of " + quote(text) + " is longer than " +
                                                std::to_string(bytes_max) + " bytes");
    }
    return ListenAddress{.host = {}, .port = 0, .socket_path = std::string{path}};
}

}  // namespace

std::string_view to_string(AuthMode mode) noexcept
{
    switch (mode) {
    case AuthMode::oidc: return "oidc";
    case AuthMode::token: return "token";
    case AuthMode::none: return "none";
    }
    return "token";
}

Result<ListenAddress> parse_listen_address(std::string_view text)
{
    if (text.starts_with(unix_scheme)) return unix_address(text);
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    quote(text) +
                        " is not an address; write HOST:PORT, e.g. 127.0.0.1:8080, or unix:/PATH");
    }
    const auto port = parse_int(text.substr(colon + 1), 0, 65535);
    if (!port) {
        return fail(Errc::invalid_argument,
                    "the port of " + quote(text) + ": " + port.error().public_message());
    }
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    "write the IPv6 address of " + quote(text) + " as [ADDRESS]:PORT");
    }
    if (!host.empty() && !is_listen_host(host)) {
        return fail(Errc::invalid_argument, quote(text) + ": " + quote(host) +
                                                " is neither an IP address nor \"localhost\"");
    }
    return ListenAddress{.host = host.empty() ? "0.0.0.0" : std::string{host},
                         .port = static_cast<std::uint16_t>(*port),
                         .socket_path = {}};
}

bool is_loopback_host(std::string_view host)
{
    net::Url url;
    url.host = lower_ascii(host);
    return url.is_loopback();
}

bool is_private_host(std::string_view host)
{
    static const auto tailnet_v4 = net::AddressRange::parse("100.64.0.0/10");
    static const auto tailnet_v6 = net::AddressRange::parse("fd7a:115c:a1e0::/48");
    return is_loopback_host(host) || tailnet_v4->contains(host) || tailnet_v6->contains(host);
}

std::optional<ListenAddress> Settings::first_port() const
{
    for (const auto& text : listen) {
        auto address = parse_listen_address(text);
        if (address && address->socket_path.empty()) return *std::move(address);
    }
    return std::nullopt;
}

std::string Settings::effective_base_url() const
{
    auto url = base_url;
    if (url.empty()) {
        const auto first = first_port();
        if (!first) return "http://localhost";  // by Unix sockets alone
        auto host = first->host;
        if (host.find(':') != std::string::npos) host = '[' + host + ']';
        url = (tls_certificate.empty() ? "http://" : "https://") + host + ':' +
              std::to_string(first->port);
    }
    while (url.ends_with('/')) url.pop_back();
    return url;
}

Settings read_settings(std::string_view text,
                       std::string_view file_name,
                       const targets::Environment& environment,
                       yaml::Problems& problems)
{
    Settings out;
    const auto root = yaml::parse(text, file_name, problems);
    MapReader file{root, problems, "gateway file"};
    out.sources.set("", {.file = std::string{file_name}, .place = root.place(), .said = ""});
    if (file.has("version") && file.text("version") != "1") {
        problems.add(file_name, file.place_of("version"), "\"version\" must be 1");
    }
    note_sources("", root, out.sources);
    take_list(file, "listen", out.listen);
    take(file.text("base_url"), out.base_url);
    take_list(file, "allowed_hosts", out.allowed_hosts);
    take_list(file, "allowed_origins", out.allowed_origins);
    take_proxies(file, "trusted_proxies", out.trusted_proxies);
    take(file.text("tailscaled_socket"), out.tailscaled_socket);
    take(file.boolean("metrics"), out.metrics);
    read_tls(file, file_name, out);
    take(file.text("state_dir"), out.state_dir);
    out.targets_file = beside(file_name, file.text("targets").value_or("targets.yaml"));
    out.policy_file = beside(file_name, file.text("policy").value_or("policy.yaml"));
    out.commands_file = beside(file_name, file.text("commands").value_or(""));
    read_auth(file, out.auth);
    read_audit(file, out.audit);
    read_mcp(file, out.mcp);
    read_log(file, out);
    if (const auto threads = file.integer("threads", 1, 256))
        out.threads = static_cast<int>(*threads);
    read_limits(file, out.limits);
    read_output(file, out.output);
    file.finish();
    apply_environment(environment, problems, out);
    check_settings(out, problems);
    return out;
}

}  // namespace tailops::config
