#pragma once

#include "gateway/config/limits.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/yaml.hpp"
#include "gateway/net/trusted_proxies.hpp"
#include "gateway/service/compact_tools.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tailops::config {

enum class AuthMode { oidc, token, none };

std::string_view to_string(AuthMode) noexcept;

/// How the gateway asks TSIDP, or another authorization server, about tokens (RFC 7662).
struct OidcSettings {
    std::string issuer;
    std::string introspection_endpoint;  // empty: from the issuer's discovery document
    std::string client_id;
    std::optional<targets::CredentialReference> client_secret;
    std::string client_authentication{"basic"};  // basic, form, bearer, none
    std::vector<std::string> audiences;          // empty: base_url + "/mcp"
    std::string scopes{"auto"};                  // auto, from_policy, from_token
    std::chrono::seconds remember_for{60};       // an accepted token, revoked or not; 60 s at most
};

struct AuthSettings {
    AuthMode mode{AuthMode::token};
    OidcSettings oidc;
    std::optional<targets::CredentialReference> hmac_shared_secret;  // of TailOpsMCP's tokens
    bool hmac_without_expiry{false};                        // whether such tokens may live for ever
    std::vector<std::string> anonymous_scopes{"readonly"};  // mode none
    bool i_accept_the_risk{false};                          // mode none
};

struct AuditSettings {
    std::optional<targets::CredentialReference> key;  // absent: made in the state directory
    std::size_t rotate_bytes{64 * 1024 * 1024};
    std::size_t keep_files{64};
};

/// How the protocol is spoken (docs/protocol.md).
struct McpSettings {
    service::ToolExposure tool_exposure{service::ToolExposure::full};
    /// Seals what clients carry for us; gateways that share it can go on where another one asked.
    /// Absent: a key that dies with the process.
    std::optional<targets::CredentialReference> state_key;
    std::optional<targets::CredentialReference> previous_state_key;  // still opens, no longer seals
    std::chrono::seconds task_after{10};     // a call that lasts longer becomes a task
    std::chrono::seconds task_ttl{3600};     // how long a task is kept
    std::chrono::seconds progress_every{5};  // of calls whose client asked for progress
    std::size_t calls_per_minute{3000};      // of each principal; 0: no bound
};

/// Where a setting was said, for messages: a file and the place in it, or an environment variable.
struct SettingSource {
    std::string file;
    yaml::Place place;
    std::string said;  // what stands there, to see whether it has changed; empty: nothing
};

/// Where each setting was said, by its key: "auth.oidc.issuer".
class SettingSources {
public:
    void set(const std::string& key, SettingSource source) { by_key_[key] = std::move(source); }
    /// The source of the setting; where nobody said it, that of the section around it.
    const SettingSource& of(std::string key) const;
    /// Whether somebody said something for this key itself.
    bool is_said(const std::string& key) const;
    /// The settings that are said otherwise in `other`, the innermost of each.
    std::vector<std::string> differing_from(const SettingSources& other) const;

private:
    std::map<std::string, SettingSource> by_key_;  // "": the file as a whole
};

/// Where to listen: a host and a port, or a Unix socket.
struct ListenAddress {
    std::string host;
    std::uint16_t port{0};
    std::string socket_path;  // non-empty: a Unix socket, and nothing else counts
};

/// gateway.yaml, with the environment's overrides applied (docs/configuration.md).
struct Settings {
    std::vector<std::string> listen{"127.0.0.1:8080"};
    std::string base_url;  // empty: http(s)://<first port that it listens on>
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;
    net::TrustedProxies trusted_proxies;  // whose X-Forwarded-For is believed
    /// Where this machine's tailscaled answers its LocalAPI; asked before loopback is trusted.
    std::string tailscaled_socket{"/var/run/tailscale/tailscaled.sock"};
    std::string tls_certificate, tls_key;
    bool clear_text_risk_accepted{false};  // tls.i_accept_the_risk
    std::string state_dir{"/var/lib/tailops"};
    std::string targets_file, policy_file, commands_file;  // commands: empty means the shipped ones
    AuthSettings auth;
    AuditSettings audit;
    McpSettings mcp;
    bool metrics{true};  // whether there is /metrics
    LogLevel log_level{LogLevel::info};
    LogFormat log_format{LogFormat::text};
    int threads{0};  // 0: one per core
    Limits limits;
    OutputLimits output;
    SettingSources sources;

    /// The first port of `listen`; nothing: it names Unix sockets alone.
    std::optional<ListenAddress> first_port() const;
    /// base_url, or what it is when not given; never with a trailing slash.
    std::string effective_base_url() const;
    /// The protected resource's identifier (RFC 9728): effective_base_url() + "/mcp".
    std::string resource() const { return effective_base_url() + "/mcp"; }
};

/// "HOST:PORT", "[v6]:PORT", ":PORT" (all addresses) or "unix:/PATH". Errors: invalid_argument.
Result<ListenAddress> parse_listen_address(std::string_view text);

/// Whether `host` can only be reached from this machine.
bool is_loopback_host(std::string_view host);

/// Whether what `host` hears comes through this machine or an encrypted tailnet: a loopback address
/// or name, or an address of Tailscale's ranges (100.64.0.0/10, fd7a:115c:a1e0::/48).
bool is_private_host(std::string_view host);

/// Reads gateway.yaml. Relative file names in it are relative to its folder. Everything wrong goes
/// to `problems`.
Settings read_settings(std::string_view text,
                       std::string_view file,
                       const targets::Environment& environment,
                       yaml::Problems& problems);

/// What must hold whatever the source of the settings: `auth.mode: none` only on loopback and with
/// the risk accepted; tokens in clear text only on loopback and tailnet addresses, or with the risk
/// accepted; oidc has what it needs. Complains where `sources` says that the setting stands.
void check_settings(const Settings&, yaml::Problems& problems);

/// The settings of `next` that a reload does not take up and that differ from those in force. What
/// targets, policy and commands hold, and the certificate's files, a reload does take up.
std::vector<std::string> waiting_for_restart(const Settings& in_force, const Settings& next);

}  // namespace tailops::config
