#pragma once

#include "policy/decision.hpp"
#include "targets/executor.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::targets {

/// A reference to a credential, as written in targets.yaml: where it is, never what it is.
/// "env:NAME" or "${NAME}", "file:/path", "systemd:name" ($CREDENTIALS_DIRECTORY/name).
struct CredentialReference {
    enum class Source { environment, file, systemd };
    Source source{};
    std::string name;
    std::string text() const;  ///< as one would write it
};

enum class Kind { local, ssh, docker, http };

std::string_view to_string(Kind) noexcept;

/// Whether targets of this kind, as policy::TargetFacts has it, can be asked for the facet. One of
/// which no kind is known may be.
bool has_facet(std::string_view kind, Facet facet) noexcept;

struct SshConnection {
    std::string host;
    std::uint16_t port{22};
    std::string username;
    /// The private key, in a file; `${NAME}` and credential references are resolved to one. The
    /// path is kept, the key is read when a session is opened.
    std::string key_path;
    std::optional<CredentialReference> key;         // alternative to key_path: the key's text
    std::optional<CredentialReference> passphrase;  // of an encrypted key
    bool has_no_key{false};        // the server knows us by other means, as Tailscale SSH does
    std::string host_key;          // "ssh-ed25519 AAAA…": pins the key; empty: known_hosts decides
    std::optional<TargetId> jump;  // another ssh target to go through
    std::chrono::seconds connect_timeout{10};
    // A login this old gets no new commands: what allowed it may have been withdrawn.
    std::chrono::seconds login_lifetime{900};
    std::size_t channels_max{4};  // sshd's MaxSessions is 10 by default; twice this must fit in it
};

struct DockerConnection {
    std::string socket_path;  // a Unix socket, or
    std::string host;         // tcp://HOST:PORT
    bool tls{false};
    bool tls_verify{true};
    std::string cert_path;  // directory with ca.pem, cert.pem, key.pem, as Docker has it
};

struct HttpConnection {
    std::string base_url;
    bool tls_verify{true};
    std::string ca_file;
    enum class Scheme { none, bearer, basic, header };
    Scheme scheme{Scheme::none};
    std::string username;     // basic
    std::string header_name;  // header
    std::optional<CredentialReference> credential;
    /// What may be asked of the API at all: methods, and path prefixes at segment boundaries. Empty
    /// methods mean GET and HEAD; empty paths mean everything below the base URL.
    std::vector<std::string> methods;
    std::vector<std::string> paths;
};

struct LocalConnection {
    /// The words before a command that only reads files, which give up rights of the gateway;
    /// empty: it has none to give up.
    std::vector<std::string> reader;
    /// The allowed directories for which it keeps them: those that others may not read. Whoever
    /// allowed one has said that this is meant.
    std::vector<std::string> private_roots;
};

using Connection = std::variant<LocalConnection, SshConnection, DockerConnection, HttpConnection>;

/// Bounds of one target, whatever the policy says.
struct TargetLimits {
    std::chrono::seconds timeout{30};  // per operation; the shorter of this and the policy's counts
    bool has_own_timeout{false};       // it was configured; else it may give way to a tool's
    std::size_t concurrency{4};
    std::size_t waiting_max{64};
    friend bool operator==(const TargetLimits&, const TargetLimits&) = default;
};

/// A target as configured: what policy may know of it, and how to reach it.
struct TargetSpec {
    policy::TargetFacts facts;
    std::string description;
    Kind kind{Kind::local};
    Connection connection;
    TargetLimits limits;
    std::vector<std::string> file_roots;  // canonical directories that file_operations may read
    std::map<std::string, std::string> metadata;  // hostname, platform, owner, ...
    /// Everything that, when it changes, needs a new connection: equal texts may share an executor.
    std::string connection_digest;
};

class Bounded;

/// A target that can be used.
struct Target {
    TargetSpec spec;
    std::shared_ptr<Bounded> executor;
};

}  // namespace tailops::targets
