#include "targets/docker/engine_endpoint.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <filesystem>

namespace tailops::targets {

namespace {

// Docker's own (IANA "docker" and "docker-s").
constexpr std::uint16_t plain_port = 2375;
constexpr std::uint16_t tls_port = 2376;

bool names_port(std::string_view authority)
{
    const auto bracket = authority.rfind(']');
    const auto rest = bracket == std::string_view::npos ? authority : authority.substr(bracket);
    return rest.find(':') != std::string_view::npos;
}

Result<net::HttpEndpoint> tcp_endpoint(const DockerConnection& connection)
{
    constexpr std::string_view scheme{"tcp://"};
    if (!connection.host.starts_with(scheme)) {
        return fail(Errc::invalid_argument, quote(connection.host) + " is not tcp://HOST:PORT");
    }
    auto authority = std::string_view{connection.host}.substr(scheme.size());
    if (authority.ends_with('/')) authority.remove_suffix(1);
    TAILOPS_TRY(const auto url, net::parse_url("http://" + std::string{authority}));
    if (url.path != "/") {
        return fail(Errc::invalid_argument, quote(connection.host) + " has a path");
    }
    const auto usual = connection.tls ? tls_port : plain_port;
    return net::HttpEndpoint{
        .host = url.host, .port = names_port(authority) ? url.port : usual, .tls = connection.tls};
}

net::TlsOptions tls_options(const DockerConnection& connection)
{
    using Verify = net::TlsOptions::Verify;
    net::TlsOptions tls;
    tls.verify_peer = connection.tls_verify ? Verify::yes : Verify::no;
    if (connection.cert_path.empty()) return tls;
    const std::filesystem::path directory{connection.cert_path};
    if (connection.tls_verify) tls.ca_file = directory / "ca.pem";
    std::error_code ignored;  // a file we may not look at is refused with its name when it is read
    if (std::filesystem::exists(directory / "cert.pem", ignored)) {
        tls.certificate_file = directory / "cert.pem";
        tls.key_file = directory / "key.pem";
    }
    return tls;
}

}  // namespace

Result<EngineEndpoint> engine_endpoint(const DockerConnection& connection)
{
    EngineEndpoint engine;
    engine.options.not_trusted = Errc::unauthorized_there;
    if (connection.socket_path.empty()) {
        TAILOPS_TRY(engine.endpoint, tcp_endpoint(connection));
        engine.options.tls = tls_options(connection);
        return engine;
    }
    if (connection.tls) {
        return fail(Errc::invalid_argument, "a Unix socket takes no TLS settings");
    }
    engine.endpoint.host = "docker";
    engine.endpoint.socket_path = connection.socket_path;
    return engine;
}

}  // namespace tailops::targets
