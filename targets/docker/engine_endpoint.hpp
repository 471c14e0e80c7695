#pragma once

#include "gateway/net/http_client.hpp"
#include "targets/target.hpp"

namespace tailops::targets {

/// Where a Docker engine listens, as net::HttpClient wants it.
struct EngineEndpoint {
    net::HttpEndpoint endpoint;
    net::HttpClientOptions options;
};

/// `connection` as an endpoint. With `cert_path`, the server is believed when its ca.pem vouches
/// for it, and cert.pem with key.pem is shown when it is there. Looks at the directory. Errors:
/// invalid_argument (no such host, TLS over a Unix socket).
Result<EngineEndpoint> engine_endpoint(const DockerConnection& connection);

}  // namespace tailops::targets
