#pragma once

#include "gateway/net/http_client.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace tailops::auth {

/// Makes the HTTP client for one authorization server endpoint: net::HttpClient::create with the
/// daemon's TLS options in the product, something in memory in tests.
using HttpConnect =
    std::function<Result<std::shared_ptr<net::HttpClient>>(net::HttpEndpoint endpoint)>;

/// Connections over the network, believing what `tls` says.
HttpConnect connect_with(net::TlsOptions tls);

/// `text` as the URL of an authorization server: https, or http to a loopback address.
/// Errors: invalid_argument.
Result<net::Url> parse_server_url(std::string_view text);

net::HttpEndpoint endpoint_of(const net::Url& url);

}  // namespace tailops::auth
