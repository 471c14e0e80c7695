#include "targets/docker/docker_kind.hpp"

#include "gateway/core/text.hpp"
#include "targets/connection_reader.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/docker/docker_executor.hpp"
#include "targets/docker/engine_endpoint.hpp"

namespace tailops::targets {
namespace {

using yaml::MapReader;

Connection read_docker(MapReader& from, const Environment& environment)
{
    DockerConnection out;
    out.socket_path = from.text("socket_path").value_or("");
    out.host = from.text("host").value_or("");
    if (out.host.starts_with("unix://")) {
        out.socket_path = out.host.substr(7);
        out.host.clear();
    }
    if (out.socket_path.empty() == out.host.empty()) {
        from.complain("connection needs either \"socket_path\" or \"host\" (tcp://HOST:PORT)");
    }
    if (!out.socket_path.empty() && !out.socket_path.starts_with('/')) {
        from.complain("\"socket_path\" must be absolute");
    }
    if (!out.host.empty() && !out.host.starts_with("tcp://")) {
        from.complain(*from.node("host"), "\"host\" must be tcp://HOST:PORT or unix:///PATH");
    } else if (!out.host.empty() && out.socket_path.empty()) {
        const auto usable = engine_endpoint({.socket_path = {}, .host = out.host, .cert_path = {}});
        if (!usable) from.complain(*from.node("host"), usable.error().public_message());
    }
    out.cert_path = expanded(from, "cert_path", environment).value_or("");
    const auto verify = from.boolean("tls_verify");
    out.tls = verify.has_value() || !out.cert_path.empty();
    out.tls_verify = verify.value_or(true);
    from.ignore("timeout", "constraints.timeout bounds every operation, connecting included");
    return out;
}

Result<std::shared_ptr<Executor>> make_docker(const TargetSpec& spec, const ExecutorParts&)
{
    return make_docker_executor(std::get<DockerConnection>(spec.connection));
}

std::vector<NamedCredential> docker_credentials(const Connection& connection)
{
    const auto& docker = std::get<DockerConnection>(connection);
    std::vector<NamedCredential> out;
    if (!docker.cert_path.empty()) {
        add_credential_file(out, "key_path", docker.cert_path + "/key.pem");
    }
    return out;
}

std::string docker_address(const Connection& connection)
{
    const auto& docker = std::get<DockerConnection>(connection);
    return docker.socket_path.empty() ? docker.host : docker.socket_path;
}

}  // namespace

KindDescriptor docker_kind()
{
    return {.kind = Kind::docker,
            .name = "docker",
            .facets = {Facet::containers},
            .read = read_docker,
            .make = make_docker,
            .credentials = docker_credentials,
            .address = docker_address};
}

}  // namespace tailops::targets
