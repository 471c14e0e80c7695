#include "auth/http_connect.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/site_names.hpp"
#include "gateway/core/text.hpp"
#include "gateway/net/http_client.hpp"

#include <algorithm>
#include <vector>

namespace tailops::config {
namespace {

/// The addresses that a host of `listen` stands for.
std::vector<net::IpAddress> addresses_of(std::string_view host)
{
    std::vector<net::IpAddress> all;
    const bool is_both = lower_ascii(host) == "localhost";
    for (const auto text : is_both ? std::vector<std::string_view>{"127.0.0.1", "::1"}
                                   : std::vector<std::string_view>{host}) {
        if (const auto address = net::IpAddress::parse(text)) all.push_back(*address);
    }
    return all;
}

/// Whether a socket on one of the two keeps the other from being opened. "0.0.0.0" is every IPv4
/// address, "::" every IPv6 one and no other; with port 0 each gets one of its own.
bool overlap(const ListenAddress& one, const ListenAddress& other)
{
    if (!one.socket_path.empty() || !other.socket_path.empty()) {
        return one.socket_path == other.socket_path;
    }
    if (one.port != other.port || one.port == 0) return false;
    const auto covers = [](const net::IpAddress& wide, const net::IpAddress& narrow) {
        static const auto v4 = *net::IpAddress::parse("0.0.0.0");
        static const auto v6 = *net::IpAddress::parse("::");
        return wide == narrow || (wide == v4 && narrow.is_v4()) || (wide == v6 && !narrow.is_v4());
    };
    for (const auto& mine : addresses_of(one.host)) {
        for (const auto& its : addresses_of(other.host)) {
            if (covers(mine, its) || covers(its, mine)) return true;
        }
    }
    return false;
}

/// Complains of settings where they were said: in a file, or by a variable.
class Checks {
public:
    Checks(const Settings& settings, yaml::Problems& problems)
        : settings_{settings},
          problems_{problems}
    {
    }

    void run()
    {
        const bool only_loopback = check_listen();
        check_scopes();
        check_base_url();
        check_sites();
        if (settings_.state_dir.empty()) {
            complain("state_dir", "\"state_dir\" is empty; name a folder, or leave the key out");
        }
        const auto& auth = settings_.auth;
        if (auth.mode == AuthMode::none && !(only_loopback && auth.i_accept_the_risk)) {
            complain("auth.mode",
                     "auth.mode none lets anybody who reaches the port use the gateway; it starts "
                     "only when every listen address is a loopback one or a Unix socket and "
                     "auth.i_accept_the_risk "
                     "is true");
        }
        if (auth.mode == AuthMode::oidc) check_oidc();
    }

private:
    void complain(const std::string& key, std::string text)
    {
        const auto& source = settings_.sources.of(key);
        problems_.add(source.file, source.place, std::move(text));
    }

    /// Whether only this machine reaches what it listens on. Complains of those that are none, and
    /// of those where bearer tokens would cross a network that others read.
    bool check_listen()
    {
        if (settings_.listen.empty()) complain("listen", "\"listen\" names no address");
        bool only_loopback = true;
        const bool may_be_clear =
            !settings_.tls_certificate.empty() || settings_.clear_text_risk_accepted;
        std::vector<Said> before;
        for (const auto& address : settings_.listen) {
            const auto parsed = parse_listen_address(address);
            if (!parsed) {
                complain("listen", "listen: " + parsed.error().public_message());
                continue;
            }
            check_repeated({address, *parsed}, before);
            if (!parsed->socket_path.empty()) continue;  // never leaves the machine
            only_loopback = only_loopback && is_loopback_host(parsed->host);
            if (may_be_clear || is_private_host(parsed->host)) continue;
            complain("listen",
                     "listen: " + quote(address) +
                         " would have tokens cross the network in clear text; give "
                         "tls.certificate and tls.key, listen on a loopback or tailnet address, "
                         "or set tls.i_accept_the_risk to true where something else encrypts");
        }
        return only_loopback;
    }

    struct Said {
        std::string text;
        ListenAddress address;
    };

    /// Complains of an address that one `before` has taken, and adds it to them.
    void check_repeated(Said now, std::vector<Said>& before)
    {
        const auto same = std::ranges::find_if(
            before, [&](const Said& other) { return overlap(other.address, now.address); });
        if (same != before.end()) {
            complain("listen", "listen: " + quote(now.text) + " and " + quote(same->text) +
                                   " are the same port of the same address; leave one out");
        }
        before.push_back(std::move(now));
    }

    void check_scopes()
    {
        for (const auto& scope : settings_.auth.anonymous_scopes) {
            if (scope == "admin" || scope == "readonly") continue;
            if (auto known = parse_capability(scope); !known) {
                complain("auth.anonymous_scopes",
                         "anonymous_scopes: " + known.error().public_message());
            }
        }
    }

    void check_base_url()
    {
        auto url = std::string_view{settings_.base_url};
        if (url.empty()) return;
        if (const auto parsed = net::parse_url(url); !parsed) {
            complain("base_url", "base_url: " + parsed.error().public_message());
            return;
        }
        while (url.ends_with('/')) url.remove_suffix(1);
        if (!url.ends_with("/mcp")) return;
        url.remove_suffix(4);
        complain("base_url",
                 "base_url is the URL without \"/mcp\", which is added to it; write " + quote(url));
    }

    /// What nobody can send lets nobody in, and "null" everybody.
    void check_sites()
    {
        for (const auto& host : settings_.allowed_hosts) {
            if (const auto fault = allowed_host_fault(host); !fault.empty()) {
                complain("allowed_hosts", "allowed_hosts: " + fault);
            }
        }
        for (const auto& origin : settings_.allowed_origins) {
            if (const auto fault = allowed_origin_fault(origin); !fault.empty()) {
                complain("allowed_origins", "allowed_origins: " + fault);
            }
        }
    }

    void check_oidc()
    {
        const auto& oidc = settings_.auth.oidc;
        if (oidc.issuer.empty()) {
            complain("auth.oidc.issuer",
                     "auth.mode oidc needs auth.oidc.issuer or TSIDP_URL, e.g. "
                     "https://idp.TAILNET.ts.net");
        }
        check_server("auth.oidc.issuer", oidc.issuer);
        check_server("auth.oidc.introspection_endpoint", oidc.introspection_endpoint);
        check_client();
        // The tokens' audience is our URL, so it must be one that clients really use.
        const auto first = settings_.first_port();
        const bool can_be_guessed = first && first->port != 0 && is_loopback_host(first->host);
        if (settings_.base_url.empty() && !can_be_guessed) {
            complain("base_url",
                     "auth.mode oidc needs base_url, the URL that clients use, e.g. "
                     "http://gateway.TAILNET.ts.net:8080");
        }
    }

    void check_server(const std::string& key, const std::string& text)
    {
        if (text.empty()) return;
        const auto server = auth::parse_server_url(text);
        if (!server) {
            complain(key, key + ": " + server.error().public_message());
        } else if (key == "auth.oidc.issuer" && text == server->origin() + '/') {
            complain(key, key +
                              ": an issuer is compared letter by letter, and that of a whole "
                              "server has no slash at its end; write " +
                              quote(server->origin()));
        }
    }

    void check_client()
    {
        const auto& oidc = settings_.auth.oidc;
        if (oidc.client_authentication == "none") return;
        // What is said and could not be read is complained of already.
        const auto& sources = settings_.sources;
        const bool has_secret = oidc.client_secret || sources.is_said("auth.oidc.client_secret");
        if (!oidc.client_id.empty() && has_secret) return;
        complain(oidc.client_id.empty() ? "auth.oidc.client_id" : "auth.oidc.client_secret",
                 "auth.mode oidc needs auth.oidc.client_id and client_secret (or TSIDP_CLIENT_ID "
                 "and TSIDP_CLIENT_SECRET): the authorization server tells only its clients of "
                 "tokens");
    }

    const Settings& settings_;
    yaml::Problems& problems_;
};

}  // namespace

void check_settings(const Settings& settings, yaml::Problems& problems)
{
    Checks{settings, problems}.run();
}

}  // namespace tailops::config
