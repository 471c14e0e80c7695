#include "gateway/app/http_front.hpp"

#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/refusal_shape.hpp"
#include "gateway/net/http_client.hpp"

namespace tailops::app {
namespace {

Result<http::ServerSettings> server_settings(const config::Settings& settings)
{
    http::ServerSettings out;
    out.listen.clear();
    for (const auto& address : settings.listen) {
        TAILOPS_TRY(auto parsed, config::parse_listen_address(address));
        out.listen.push_back({.host = std::move(parsed.host),
                              .port = parsed.port,
                              .socket_path = std::move(parsed.socket_path)});
    }
    out.limits = static_cast<const http::Limits&>(settings.limits);
    out.refusal = mcp::refusal_shape;
    out.tls_certificate_file = settings.tls_certificate;
    out.tls_key_file = settings.tls_key;
    out.allowed_hosts = settings.allowed_hosts;
    out.allowed_origins = settings.allowed_origins;
    if (const auto url = net::parse_url(settings.effective_base_url())) {
        const bool is_ipv6 = url->host.find(':') != std::string::npos;
        out.allowed_hosts.push_back(is_ipv6 ? '[' + url->host + ']' : url->host);
        out.allowed_origins.push_back(url->origin());
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<HttpFront>> HttpFront::bind(boost::asio::any_io_executor io,
                                                   const config::Settings& settings)
{
    TAILOPS_TRY(auto server, server_settings(settings));
    std::unique_ptr<HttpFront> front{new HttpFront{settings}};
    // The URL in challenges and metadata needs the port, and so the server comes before the
    // handler.
    auto late = [front = front.get()](http::Request request, http::Exchange& exchange) {
        return front->handler_(std::move(request), exchange);
    };
    TAILOPS_TRY(front->server_, http::Server::start(std::move(io), std::move(server), late));
    front->url_ = front->url_of_server();
    return front;
}

std::string HttpFront::url_of_server() const
{
    const auto endpoints = server_->endpoints();
    if (!settings_.base_url.empty() || endpoints.empty()) return settings_.resource();
    auto with_port = settings_;
    const auto& endpoint = endpoints.front();
    auto address = endpoint.address().to_string();
    if (endpoint.address().is_v6()) address = '[' + address + ']';
    with_port.listen = {address + ':' + std::to_string(endpoint.port())};
    return with_port.resource();
}

auth::ChallengeTerms HttpFront::challenge_terms(const Authentication& authentication) const
{
    auth::ChallengeTerms terms;
    if (!authentication.introspector) return terms;
    terms.scopes = authentication.introspector->advertised_scopes();
    if (const auto metadata = auth::resource_metadata_url(url_)) {
        terms.resource_metadata_url = *metadata;
    }
    return terms;
}

void HttpFront::open(const Authentication& authentication, Service service)
{
    doors::RouterSettings router;
    router.mcp.challenge = challenge_terms(authentication);
    if (authentication.introspector) {
        router.resource_metadata = auth::protected_resource_metadata(
            {.resource = url_,
             .authorization_servers = {settings_.auth.oidc.issuer},
             .scopes_supported = router.mcp.challenge.scopes,
             .name = "TailOps Gateway",
             .documentation_url = {}});
    }
    router.mcp.authenticator = authentication.authenticator;
    router.mcp.anonymous = settings_.auth.mode == config::AuthMode::none ? mcp::Anonymous::allowed
                                                                         : mcp::Anonymous::refused;
    router.mcp.trusted_proxies = settings_.trusted_proxies;
    router.mcp.admit = std::move(service.admit);
    router.mcp.serve = std::move(service.serve);
    router.not_ready = std::move(service.not_ready);
    if (settings_.metrics) router.metrics = std::move(service.metrics);
    handler_ = doors::make_gateway_handler(std::move(router));
}

}  // namespace tailops::app
