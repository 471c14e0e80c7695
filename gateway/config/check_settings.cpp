#include "auth/http_connect.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/core/text.hpp"
#include "gateway/net/http_client.hpp"

namespace tailops::config {
namespace {

/// Whether every listen address is a loopback one. Complains of those that are none, and of those
/// where bearer tokens would cross a network that others read.
bool check_listen(const Settings& settings, std::string_view file, yaml::Problems& problems)
{
    const auto& source = settings.listen_source;
    const auto complain = [&](std::string text) {
        problems.add(source.file.empty() ? file : source.file, source.place, std::move(text));
    };
    if (settings.listen.empty()) complain("\"listen\" names no address");
    bool only_loopback = true;
    const bool may_be_clear =
        !settings.tls_certificate.empty() || settings.clear_text_risk_accepted;
    for (const auto& address : settings.listen) {
        const auto parsed = parse_listen_address(address);
        if (!parsed) {
            complain("listen: " + parsed.error().public_message());
            continue;
        }
        only_loopback = only_loopback && is_loopback_host(parsed->host);
        if (may_be_clear || is_private_host(parsed->host)) continue;
        complain(
            "listen: " + quote(address) +
            " would have tokens cross the network in clear text; give tls.certificate and "
            "tls.key, listen on a loopback or tailnet address, or set tls.i_accept_the_risk to "
            "true where something else encrypts");
    }
    return only_loopback;
}

void check_oidc(const Settings& settings, std::string_view file, yaml::Problems& problems)
{
    const auto complain = [&](std::string text) { problems.add(file, {}, std::move(text)); };
    const auto& oidc = settings.auth.oidc;
    if (oidc.issuer.empty()) {
        complain(
            "auth.mode oidc needs auth.oidc.issuer or TSIDP_URL, e.g. "
            "https://idp.TAILNET.ts.net");
    }
    for (const auto& url : {oidc.issuer, oidc.introspection_endpoint}) {
        if (url.empty()) continue;
        if (const auto server = auth::parse_server_url(url); !server) {
            complain("auth.oidc: " + server.error().public_message());
        }
    }
    const bool needs_secret = oidc.client_authentication != "none";
    if (needs_secret && (oidc.client_id.empty() || !oidc.client_secret)) {
        complain(
            "auth.mode oidc needs auth.oidc.client_id and client_secret (or "
            "TSIDP_CLIENT_ID and TSIDP_CLIENT_SECRET): the authorization server tells only "
            "its clients of tokens");
    }
    // The tokens' audience is our URL, so it must be one that clients really use.
    const auto first = parse_listen_address(settings.listen.empty() ? "" : settings.listen.front());
    const bool can_be_guessed = first && first->port != 0 && is_loopback_host(first->host);
    if (settings.base_url.empty() && !can_be_guessed) {
        complain(
            "auth.mode oidc needs base_url, the URL that clients use, e.g. "
            "http://gateway.TAILNET.ts.net:8080");
    }
}

}  // namespace

void check_settings(const Settings& settings, std::string_view file, yaml::Problems& problems)
{
    const auto complain = [&](std::string text) { problems.add(file, {}, std::move(text)); };
    const bool only_loopback = check_listen(settings, file, problems);
    for (const auto& scope : settings.auth.anonymous_scopes) {
        if (scope == "admin" || scope == "readonly") continue;
        if (auto known = parse_capability(scope); !known) {
            complain("anonymous_scopes: " + known.error().public_message());
        }
    }
    if (!settings.base_url.empty()) {
        if (const auto url = net::parse_url(settings.base_url); !url) {
            complain("base_url: " + url.error().public_message());
        }
    }
    const auto& auth = settings.auth;
    if (auth.mode == AuthMode::none && !(only_loopback && auth.i_accept_the_risk)) {
        complain(
            "auth.mode none lets anybody who reaches the port use the gateway; it starts only when "
            "every listen address is a loopback one and auth.i_accept_the_risk is true");
    }
    if (auth.mode == AuthMode::oidc) check_oidc(settings, file, problems);
}

}  // namespace tailops::config
