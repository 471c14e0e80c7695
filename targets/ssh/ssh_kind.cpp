#include "targets/ssh/ssh_kind.hpp"

#include "gateway/core/text.hpp"
#include "targets/connection_reader.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/ssh/ssh_executor.hpp"

#include <algorithm>

namespace tailops::targets {
namespace {

using yaml::MapReader;

bool is_host(std::string_view host)
{
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == ':' || c == '_';
    };
    return !host.empty() && host.size() <= 253 && host.front() != '-' &&
           std::ranges::all_of(host, fits);
}

Connection read_ssh(MapReader& from, const Environment& environment)
{
    SshConnection out;
    out.host = from.required_text("host");
    if (!out.host.empty() && !is_host(out.host)) {
        from.complain(*from.node("host"), quote(out.host) + " is not a host name or address");
    }
    out.username = from.required_text("username");
    if (const auto port = from.integer("port", 1, 65535)) {
        out.port = static_cast<std::uint16_t>(*port);
    }
    if (from.has("key_path") && from.has("key")) {
        from.complain("give \"key_path\" or \"key\", not both");
    }
    out.key = credential(from, "key");
    const auto key = expanded(from, "key_path", environment);
    if (key && key->starts_with("-----BEGIN")) {
        // The variable holds the key itself; remember where it is, not what it is.
        out.key = *parse_credential_reference(*from.text("key_path"));
    } else {
        out.key_path = key.value_or("");
    }
    const bool has_key = from.has("key_path") || from.has("key");
    out.has_no_key = from.choice("credential", {"none"}).has_value();
    if (out.has_no_key && (has_key || from.has("passphrase"))) {
        from.complain(*from.node("credential"),
                      "\"credential: none\" means a login without a key; give no \"key_path\", "
                      "\"key\" and \"passphrase\" beside it");
    }
    if (!has_key && !from.has("credential")) {
        from.complain(
            "connection lacks \"key_path\" (a private key file) or \"key\" (a credential "
            "reference), or \"credential: none\" where the server needs no key (Tailscale SSH); "
            "passwords are not supported");
    }
    out.passphrase = credential(from, "passphrase");
    out.host_key = from.text("host_key").value_or("");
    if (!out.host_key.empty() && split(out.host_key, ' ').size() < 2) {
        from.complain(*from.node("host_key"),
                      "\"host_key\" is a line such as \"ssh-ed25519 AAAA...\"");
    }
    if (const auto jump = from.text("jump")) out.jump = TargetId{*jump};
    if (const auto timeout = from.duration("timeout")) out.connect_timeout = *timeout;
    if (const auto age = from.duration("login_lifetime")) out.login_lifetime = *age;
    if (const auto channels = from.integer("channels", 1, 64)) {
        out.channels_max = static_cast<std::size_t>(*channels);
    }
    return out;
}

SshCredentials credentials_for(const SshConnection& connection, const ExecutorParts& parts)
{
    SshCredentials out;
    out.key = credential_reader(connection.key, parts.context);
    out.passphrase = credential_reader(connection.passphrase, parts.context);
    out.jump = [made = parts.made](const TargetId& id) {
        const auto at = made->find(id);
        return at == made->end() ? nullptr
                                 : std::dynamic_pointer_cast<SshExecutor>(at->second.lock());
    };
    return out;
}

Result<std::shared_ptr<Executor>> make_ssh(const TargetSpec& spec, const ExecutorParts& parts)
{
    const auto& connection = std::get<SshConnection>(spec.connection);
    return make_ssh_executor(parts.context.io, spec.facts.id, connection,
                             credentials_for(connection, parts), parts.context.known_hosts_file);
}

std::vector<NamedCredential> ssh_credentials(const Connection& connection)
{
    const auto& ssh = std::get<SshConnection>(connection);
    std::vector<NamedCredential> out;
    add_credential(out, "key", ssh.key);
    add_credential_file(out, "key_path", ssh.key_path);
    add_credential(out, "passphrase", ssh.passphrase);
    return out;
}

std::string ssh_address(const Connection& connection)
{
    const auto& ssh = std::get<SshConnection>(connection);
    return ssh.username + '@' + ssh.host + ':' + std::to_string(ssh.port);
}

}  // namespace

KindDescriptor ssh_kind()
{
    return {.kind = Kind::ssh,
            .name = "ssh",
            .facets = {Facet::shell},
            .read = read_ssh,
            .make = make_ssh,
            .credentials = ssh_credentials,
            .address = ssh_address};
}

}  // namespace tailops::targets
