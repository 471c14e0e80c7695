#include "auth/http_connect.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <chrono>

namespace tailops::auth {

HttpConnect connect_with(net::TlsOptions tls)
{
    return [tls = std::move(tls)](net::HttpEndpoint endpoint) {
        // Servers close kept connections after 5 s (node) or more; ours must go first.
        return net::HttpClient::create(
            std::move(endpoint),
            {.tls = tls, .header_limit_bytes = 16 * 1024, .idle_timeout = std::chrono::seconds{4}});
    };
}

Result<net::Url> parse_server_url(std::string_view text)
{
    auto url = net::parse_url(text);
    if (!url) {
        return fail(Error{Errc::invalid_argument, quote(text) + " is no URL of a server"}.because(
            std::move(url).error()));
    }
    if (url->scheme != "https" && !url->is_loopback()) {
        return fail(Errc::invalid_argument,
                    quote(text) + " must begin with https:// (http is for loopback only)");
    }
    return url;
}

net::HttpEndpoint endpoint_of(const net::Url& url)
{
    return {.host = url.host, .port = url.port, .socket_path = {}, .tls = url.scheme == "https"};
}

}  // namespace tailops::auth
