#include "gateway/tools/secret_places.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/path.hpp"

#include <algorithm>
#include <array>

namespace tailops::tools {
namespace {

/// A pattern is a list of names that follow one another in a path, anywhere in it: the copy of a
/// root file system holds the same secrets. One that begins with "/" stands at the beginning of the
/// path. In a name "*" stands for any characters. `is_folder`: all inside it too.
struct Place {
    std::string_view pattern;
    bool is_folder;
    std::string_view holds;
};

constexpr bool folder = true;
constexpr bool file = false;

constexpr std::array places = {
    // Accounts and logins.
    Place{"etc/shadow*", file, "password hashes"},
    Place{"etc/gshadow*", file, "password hashes"},
    Place{"*shadow*.sw*", file, "password hashes"},
    Place{"etc/security/opasswd*", file, "password hashes"},
    Place{"etc/.pwd.lock", file, "password hashes"},
    Place{"var/backups/shadow*", file, "password hashes"},
    Place{"var/backups/gshadow*", file, "password hashes"},
    Place{".htpasswd", file, "password hashes"},
    Place{"etc/krb5.keytab", file, "keys"},
    Place{"*.keytab", file, "keys"},
    Place{"/root", folder, "the files of root"},
    // SSH and other keys.
    Place{"ssh_host_*_key", file, "SSH host keys"},
    Place{".ssh", folder, "SSH keys"},
    Place{"id_rsa", file, "SSH keys"},
    Place{"id_dsa", file, "SSH keys"},
    Place{"id_ecdsa", file, "SSH keys"},
    Place{"id_ed25519", file, "SSH keys"},
    Place{"id_ecdsa_sk", file, "SSH keys"},
    Place{"id_ed25519_sk", file, "SSH keys"},
    Place{"id_*.bak*", file, "SSH keys"},
    Place{"id_*.old*", file, "SSH keys"},
    Place{"id_*.orig*", file, "SSH keys"},
    Place{"*.ppk", file, "SSH keys"},
    Place{".gnupg", folder, "keys"},
    Place{"etc/dropbear", folder, "SSH host keys"},
    Place{"etc/ssl/private", folder, "TLS keys"},
    Place{"etc/pki/tls/private", folder, "TLS keys"},
    Place{"etc/letsencrypt", folder, "TLS keys"},
    Place{"*.key", file, "keys"},
    Place{"*.key.bak*", file, "keys"},
    Place{"*.key.old*", file, "keys"},
    Place{"*.key.orig*", file, "keys"},
    Place{"*.key~", file, "keys"},
    Place{"*.keyring", file, "keys"},
    Place{"private_keys", folder, "keys"},
    Place{"etc/bind/keys", folder, "keys"},
    Place{"K*.private", file, "keys"},
    Place{"acme.json", file, "TLS keys"},
    Place{"*privkey*.pem", file, "TLS keys"},
    Place{"*key.pem", file, "TLS keys"},
    Place{"*.p12", file, "keys"},
    Place{"*.pfx", file, "keys"},
    Place{"*.jks", file, "keys"},
    Place{"*.keystore", file, "keys"},
    Place{"*.kdbx", file, "passwords"},
    // Networks.
    Place{"etc/NetworkManager/system-connections", folder, "passwords of networks"},
    Place{"run/NetworkManager/system-connections", folder, "passwords of networks"},
    Place{"var/lib/NetworkManager", folder, "keys of networks"},
    Place{"etc/wpa_supplicant", folder, "passwords of networks"},
    Place{"wpa_supplicant*.conf", file, "passwords of networks"},
    Place{"wg*.conf", file, "keys of networks"},
    Place{"*.ovpn", file, "keys of networks"},
    Place{"etc/cloudflared", folder, "keys of networks"},
    Place{".cloudflared", folder, "keys of networks"},
    Place{"var/lib/iwd", folder, "passwords of networks"},
    Place{"etc/netplan", folder, "passwords of networks"},
    Place{"etc/wireguard", folder, "keys of networks"},
    Place{"etc/openvpn", folder, "keys of networks"},
    Place{"etc/ipsec.secrets", file, "keys of networks"},
    Place{"etc/ipsec.d/private", folder, "keys of networks"},
    Place{"etc/swanctl/private", folder, "keys of networks"},
    Place{"etc/ppp/*-secrets", file, "passwords of networks"},
    Place{"var/lib/tailscale", folder, "keys of networks"},
    Place{"tailscaled.state*", file, "keys of networks"},
    // Services.
    Place{"etc/pve/priv", folder, "keys of Proxmox"},
    Place{"etc/pve/nodes/*/priv", folder, "keys of Proxmox"},
    Place{"etc/pve/local/priv", folder, "keys of Proxmox"},
    Place{"var/lib/pve-cluster", folder, "keys of Proxmox"},
    Place{"etc/kubernetes", folder, "keys of Kubernetes"},
    Place{"etc/rancher", folder, "keys of Kubernetes"},
    Place{"var/lib/rancher", folder, "keys of Kubernetes"},
    Place{"var/lib/kubelet", folder, "keys of Kubernetes"},
    Place{"var/lib/docker", folder, "the files of containers"},
    Place{"var/lib/containers", folder, "the files of containers"},
    Place{"var/lib/lxd", folder, "the files of containers"},
    Place{"var/lib/incus", folder, "the files of containers"},
    Place{"var/lib/mysql", folder, "the files of a database"},
    Place{"var/lib/postgresql", folder, "the files of a database"},
    Place{"var/lib/redis", folder, "the files of a database"},
    Place{"var/lib/vault", folder, "secrets"},
    Place{"var/backups/*.tar*", file, "copies of configuration"},
    Place{"gitlab-secrets.json", file, "secrets"},
    Place{"gitlab-runner/config.toml", file, "credentials"},
    Place{"etc/grafana/grafana.ini", file, "passwords"},
    Place{"etc/sssd", folder, "passwords"},
    Place{"etc/docker/key.json", file, "keys"},
    Place{"etc/mysql/debian.cnf", file, "passwords"},
    Place{"etc/exim4/passwd.client", file, "passwords"},
    Place{"etc/postfix/sasl_passwd*", file, "passwords"},
    Place{"etc/apt/auth.conf", file, "passwords"},
    Place{"etc/apt/auth.conf.d", folder, "passwords"},
    Place{"var/lib/samba/private", folder, "password hashes"},
    Place{"var/lib/sss/secrets", folder, "secrets"},
    Place{"var/cache/debconf/passwords.dat*", file, "passwords"},
    Place{"var/lib/cloud", folder, "secrets of the installation"},
    Place{"run/cloud-init", folder, "secrets of the installation"},
    Place{"run/user/*/keyring", folder, "passwords"},
    Place{"var/lib/systemd/credential.secret", file, "keys"},
    Place{"etc/credstore", folder, "credentials"},
    Place{"etc/credstore.encrypted", folder, "credentials"},
    Place{"run/credentials", folder, "credentials"},
    Place{"run/credstore", folder, "credentials"},
    Place{"run/secrets", folder, "credentials"},
    Place{"boot/grub/user.cfg", file, "password hashes"},
    // Of users and their programs.
    Place{".aws", folder, "credentials"},
    Place{".azure", folder, "credentials"},
    Place{".kube", folder, "credentials"},
    Place{".docker/config.json", file, "credentials"},
    Place{".dockercfg", file, "credentials"},
    Place{"containers/auth.json", file, "credentials"},
    Place{".cargo/credentials*", file, "credentials"},
    Place{".m2/settings*.xml", file, "credentials"},
    Place{".s3cfg", file, "credentials"},
    Place{".boto", file, "credentials"},
    Place{".oci", folder, "credentials"},
    Place{".config/hcloud", folder, "credentials"},
    Place{".config/git/credentials", file, "passwords"},
    Place{".smbcredentials*", file, "passwords"},
    Place{".msmtprc", file, "passwords"},
    Place{".config/google-chrome", folder, "passwords"},
    Place{".config/chromium", folder, "passwords"},
    Place{".codex", folder, "credentials"},
    Place{".claude.json", file, "credentials"},
    Place{".config/gcloud", folder, "credentials"},
    Place{".config/gh", folder, "credentials"},
    Place{".config/rclone", folder, "credentials"},
    Place{".config/sops", folder, "keys"},
    Place{".local/share/keyrings", folder, "passwords"},
    Place{".password-store", folder, "passwords"},
    Place{".mozilla", folder, "passwords"},
    Place{".claude", folder, "credentials"},
    Place{".env", file, "credentials"},
    Place{".env.*", file, "credentials"},
    Place{"*.env", file, "credentials"},
    Place{".envrc", file, "credentials"},
    Place{".netrc", file, "passwords"},
    Place{".pgpass", file, "passwords"},
    Place{".my.cnf", file, "passwords"},
    Place{".mylogin.cnf", file, "passwords"},
    Place{".git-credentials", file, "passwords"},
    Place{".npmrc", file, "credentials"},
    Place{".pypirc", file, "credentials"},
    Place{".vault-token", file, "credentials"},
    Place{".terraform.d/credentials.tfrc.json", file, "credentials"},
    Place{"terraform.tfstate*", file, "credentials"},
    Place{"*.tfvars", file, "credentials"},
    Place{".*_history", file, "what somebody typed"},
    Place{"fish_history", file, "what somebody typed"},
    // The kernel's.
    Place{"proc/*/environ", file, "the environment of a process"},
    Place{"proc/*/task/*/environ", file, "the environment of a process"},
    Place{"proc/*/mem", file, "the memory of a process"},
    Place{"proc/*/task/*/mem", file, "the memory of a process"},
    Place{"proc/*/auxv", file, "the memory of a process"},
    Place{"proc/*/root", folder, "the files of another process"},
    Place{"proc/*/cwd", folder, "the files of another process"},
    Place{"proc/*/fd", folder, "the files of another process"},
    Place{"proc/*/map_files", folder, "the files of another process"},
    Place{"proc/kcore", file, "the memory of the machine"},
    Place{"proc/kmsg", file, "the kernel's messages, which reading takes away"},
    Place{"proc/keys", file, "keys"},
    Place{"/dev", folder, "devices"},
    Place{"/sys/kernel/debug", folder, "the kernel's inside"},
    Place{"/sys/kernel/tracing", folder, "the kernel's inside"},
    Place{"/sys/firmware", folder, "the firmware's variables"},
    // Of this gateway, and of others like it.
    Place{"etc/tailops", folder, "the gateway's configuration"},
    Place{"var/lib/tailops", folder, "the gateway's state"},
    Place{".local/state/tailops", folder, "the gateway's state"},
};

std::vector<std::string_view> names_of(std::string_view path)
{
    std::vector<std::string_view> out;
    for (const auto name : split(path, '/')) {
        if (!name.empty()) out.push_back(name);
    }
    return out;
}

/// Whether `name` is as `pattern` says. Backs up to the last "*" only.
bool fits(std::string_view pattern, std::string_view name) noexcept
{
    std::size_t p = 0, n = 0;
    std::size_t star = pattern.npos, after = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != pattern.npos) {
            p = star + 1;
            n = ++after;
        } else {
            return false;
        }
    }
    return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

using Names = std::vector<std::string_view>;

/// A place with the names of its pattern, taken apart once.
struct Wanted {
    Place place;
    std::vector<std::string_view> names;
};

const std::vector<Wanted>& wanted_places()
{
    static const auto all = [] {
        std::vector<Wanted> out;
        for (const auto& place : places) out.push_back({place, names_of(place.pattern)});
        return out;
    }();
    return all;
}

/// How many names of `path` lead to the place, the place among them; 0: it is not on the path.
std::size_t depth_of(const Wanted& entry, const Names& path)
{
    const auto& [place, wanted] = entry;
    if (path.size() < wanted.size()) return 0;
    const auto last = place.pattern.starts_with('/') ? 0 : path.size() - wanted.size();
    for (std::size_t from = 0; from <= last; ++from) {
        // What is no folder has nothing inside it.
        if (!place.is_folder && from + wanted.size() != path.size()) continue;
        const auto here =
            std::ranges::subrange(path.begin() + static_cast<std::ptrdiff_t>(from), path.end());
        const bool is_there = std::ranges::equal(
            wanted,
            std::ranges::subrange(here.begin(),
                                  here.begin() + static_cast<std::ptrdiff_t>(wanted.size())),
            [](auto pattern, auto name) { return fits(pattern, name); });
        if (is_there) return from + wanted.size();
    }
    return 0;
}

/// Whether a root that covers `path` reaches as deep as the place.
bool is_named(std::string_view path, std::size_t depth, const std::vector<std::string>& roots)
{
    return std::ranges::any_of(roots, [&](const auto& root) {
        return names_of(root).size() >= depth && is_under(path, root);
    });
}

}  // namespace

std::optional<std::string_view> closed_place(std::string_view path,
                                             const std::vector<std::string>& roots)
{
    const auto names = names_of(path);
    std::optional<std::string_view> holds;
    bool is_in_named_folder = false;
    for (const auto& entry : wanted_places()) {
        const auto depth = depth_of(entry, names);
        if (depth == 0) continue;
        const bool is_open = is_named(path, depth, roots);
        if (entry.place.is_folder && !is_open) return entry.place.holds;
        if (!is_open) holds = entry.place.holds;
        // The home of root holds all kinds of things; the others hold what they are known for.
        is_in_named_folder |= entry.place.is_folder && entry.place.pattern != "/root";
    }
    return is_in_named_folder ? std::nullopt : holds;
}

bool is_closed_name(std::string_view path, const std::vector<std::string>& roots)
{
    const auto names = names_of(path);
    return std::ranges::any_of(wanted_places(), [&](const Wanted& entry) {
        if (!entry.place.is_folder) return false;
        const auto depth = depth_of(entry, names);
        return depth > 0 && depth < names.size() && !is_named(path, depth, roots);
    });
}

bool PlaceSet::hold(std::string_view path,
                    const std::vector<std::string_view>& place_identities) const
{
    return is_under_any(path, paths) ||
           std::ranges::any_of(place_identities, [&](std::string_view identity) {
               return identities.contains(std::string{identity});
           });
}

}  // namespace tailops::tools
