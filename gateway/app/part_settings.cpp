#include "gateway/app/part_settings.hpp"

#include "gateway/core/try.hpp"
#include "gateway/net/http_client.hpp"

namespace tailops::app {

Result<http::ServerSettings> server_settings(const config::Settings& settings)
{
    http::ServerSettings out;
    out.listen.clear();
    for (const auto& address : settings.listen) {
        TAILOPS_TRY(auto parsed, config::parse_listen_address(address));
        out.listen.push_back({std::move(parsed.host), parsed.port});
    }
    out.limits = settings.limits;
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

audit::TrailSettings trail_settings(const config::Settings& settings, const StatePaths& paths)
{
    audit::TrailSettings out;
    out.directory = paths.audit();
    out.rotate_bytes = settings.audit.rotate_bytes;
    out.files_max = settings.audit.keep_files;
    return out;
}

store::CallKeyBounds key_bounds(const config::Limits& limits)
{
    return {.keys_max = limits.idempotency_keys,
            .keys_max_per_principal = limits.idempotency_keys_per_principal,
            .retention = limits.idempotency_retention};
}

}  // namespace tailops::app
