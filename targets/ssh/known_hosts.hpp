#pragma once

#include "gateway/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets::ssh {

/// A server's public key.
struct HostKey {
    std::string type;    // "ssh-ed25519"
    std::string base64;  // of the key's wire form (RFC 4253 section 6.6)

    /// "ssh-ed25519 AAAA…", as in known_hosts and in `host_key` of targets.yaml.
    std::string text() const { return type + ' ' + base64; }
    /// "SHA256:…", as `ssh-keygen -lf` prints it.
    std::string fingerprint() const;

    friend bool operator==(const HostKey&, const HostKey&) = default;
};

/// Reads "TYPE BASE64 [comment]". Errors: invalid_argument, when that is not a public key.
Result<HostKey> parse_host_key(std::string_view text);

/// How a host is named in known_hosts: `host`, or `[host]:port` when the port is not 22.
std::string host_pattern(std::string_view host, std::uint16_t port);

/// What is known of the host that shows a certain key.
enum class Trust { known, unknown, changed, revoked };

/// A known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT") as read at one moment: plain and
/// hashed names, `@revoked`. Names with wildcards and `@cert-authority` lines count as not there,
/// so that the host is unknown rather than trusted by accident.
class KnownHosts {
public:
    /// A file that does not exist knows nobody. Lines that cannot be read are passed over.
    /// Errors: internal (the file cannot be read or is larger than 4 MiB), unavailable (no
    /// descriptors are left).
    static Result<KnownHosts> read(const std::string& file);
    static KnownHosts parse(std::string_view text);

    Trust trust(std::string_view host, std::uint16_t port, const HostKey& key) const;
    /// The types of the keys known for the host, to ask the server for one of them first.
    std::vector<std::string> key_types(std::string_view host, std::uint16_t port) const;
    /// Of the keys known for the host, for people.
    std::vector<std::string> fingerprints(std::string_view host, std::uint16_t port) const;

private:
    struct Entry {
        std::string names;
        HostKey key;
        bool revoked{false};
    };
    std::vector<Entry> entries_;
};

/// Makes `key` the one key known for the host: drops every line that names it (a line shared with
/// other hosts keeps those) and adds one. Written to a new file of mode 0600 that then replaces the
/// old one, so a reader sees either. Not for two writers at once. Errors: internal.
Status trust_host_key(const std::string& file,
                      std::string_view host,
                      std::uint16_t port,
                      const HostKey& key);

}  // namespace tailops::targets::ssh
