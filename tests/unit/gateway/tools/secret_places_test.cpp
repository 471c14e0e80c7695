#include "gateway/tools/secret_places.hpp"

#include <gtest/gtest.h>

namespace tailops::tools {
namespace {

using Roots = std::vector<std::string>;

TEST(SecretPlaces, AreClosedWhateverFolderAboveIsAllowed)
{
    for (const auto* path : {"/etc/shadow",
                             "/etc/shadow-",
                             "/etc/gshadow",
                             "/etc/security/opasswd",
                             "/etc/ssh/ssh_host_ed25519_key",
                             "/etc/ssl/private",
                             "/etc/ssl/private/web.pem",
                             "/etc/letsencrypt/live/x/privkey.pem",
                             "/srv/app/server.key",
                             "/srv/app/server-key.pem",
                             "/root",
                             "/root/x",
                             "/home/bob/.ssh/id_ed25519",
                             "/home/bob/.ssh",
                             "/srv/id_rsa",
                             "/home/bob/.aws/credentials",
                             "/home/bob/.kube/config",
                             "/home/bob/.docker/config.json",
                             "/srv/app/.env",
                             "/srv/app/.env.production",
                             "/srv/app/prod.env",
                             "/home/bob/.pgpass",
                             "/home/bob/.netrc",
                             "/home/bob/.bash_history",
                             "/proc/1/environ",
                             "/proc/self/environ",
                             "/proc/77/task/77/environ",
                             "/proc/kcore",
                             "/proc/1/root/etc/hosts",
                             "/proc/1/fd/3",
                             "/dev/sda",
                             "/etc/NetworkManager/system-connections/home.nmconnection",
                             "/etc/wireguard/wg0.conf",
                             "/var/lib/tailscale/tailscaled.state",
                             "/srv/tailscaled.state",
                             "/etc/pve/priv/authkey.key",
                             "/etc/pve/nodes/n1/priv/x",
                             "/etc/tailops/policy.yaml",
                             "/var/lib/tailops/tailops.db",
                             "/run/secrets/x",
                             "/var/lib/lxc/100/rootfs/etc/shadow",
                             "/var/lib/docker/volumes/x",
                             "/home/bob/.local/state/tailops/audit/audit.key",
                             "/etc/.shadow.swp",
                             "/srv/id_rsa.bak",
                             "/srv/my.key.old",
                             "/srv/wg0.conf",
                             "/etc/ceph/ceph.client.admin.keyring",
                             "/srv/traefik/acme.json",
                             "/run/cloud-init/instance-data-sensitive.json",
                             "/var/lib/postgresql/15/main/base/1",
                             "/var/backups/etc.tar.gz",
                             "/home/bob/.config/containers/auth.json",
                             "/home/bob/.cargo/credentials.toml",
                             "/home/bob/.local/share/fish/fish_history",
                             "/srv/infra/prod.tfvars",
                             "/etc/kubernetes/admin.conf"}) {
        for (const auto& roots :
             {Roots{"/"}, Roots{"/etc", "/srv", "/home", "/proc", "/var", "/run"}}) {
            EXPECT_TRUE(closed_place(path, roots)) << path;
        }
    }
}

TEST(SecretPlaces, LeaveTheRestOpen)
{
    for (const auto* path : {"/etc/passwd",           "/etc/hosts",
                             "/etc/ssh/sshd_config",  "/etc/ssh/ssh_host_ed25519_key.pub",
                             "/etc/ssl/certs/ca.pem", "/srv/app/cert.pem",
                             "/srv/rooted/x",         "/srv/root/x",
                             "/var/log/syslog",       "/srv/environ",
                             "/srv/environment",      "/proc/meminfo",
                             "/proc/1/status",        "/srv/shadow",
                             "/srv/monkey.pem.txt",   "/home/bob/notes.key.txt",
                             "/srv/keys/readme",      "/var/lib/tailscale-notes",
                             "/etc/tailops-notes",    "/devices/x",
                             "/srv/id_rsa.pub",       "/home/bob/.profile"}) {
        EXPECT_FALSE(closed_place(path, {"/"})) << path;
    }
}

TEST(SecretPlaces, OpenWhereTheyAreNamed)
{
    EXPECT_FALSE(closed_place("/etc/shadow", {"/etc/shadow"}));
    EXPECT_TRUE(closed_place("/etc/gshadow", {"/etc/shadow", "/etc"}));
    EXPECT_FALSE(closed_place("/root/logs/x", {"/root"}));
    EXPECT_FALSE(closed_place("/root/logs/x", {"/", "/root/logs"}));
    EXPECT_TRUE(closed_place("/root/other/x", {"/", "/root/logs"}));
    // Named is what is named: the folder of root is not its keys.
    EXPECT_TRUE(closed_place("/root/.ssh/id_ed25519", {"/root"}));
    EXPECT_FALSE(closed_place("/root/.ssh/known_hosts", {"/root/.ssh"}));
    EXPECT_TRUE(closed_place("/root/site.key", {"/root"}));
    // A folder of keys is.
    EXPECT_FALSE(closed_place("/root/.ssh/id_ed25519", {"/root/.ssh"}));
    EXPECT_FALSE(closed_place("/etc/ssl/private/web.key", {"/etc", "/etc/ssl/private"}));
    EXPECT_TRUE(closed_place("/etc/ssl/web.key", {"/etc", "/etc/ssl/private"}));
    EXPECT_FALSE(closed_place("/root/.ssh/id_ed25519", {"/root/.ssh/id_ed25519"}));
    EXPECT_FALSE(closed_place("/proc/1/environ", {"/proc/1/environ"}));
}

TEST(SecretPlaces, WithholdTheNamesInsideThemAndNoOthers)
{
    EXPECT_TRUE(is_closed_name("/home/bob/.ssh/id_ed25519", {"/home"}));
    EXPECT_FALSE(is_closed_name("/home/bob/.ssh", {"/home"}));
    EXPECT_FALSE(is_closed_name("/etc/shadow", {"/etc"}));
    EXPECT_FALSE(is_closed_name("/home/bob/.ssh/id_ed25519", {"/home/bob/.ssh"}));
}

TEST(OwnPlaces, AreKnownByPathAndByWhatTheyAre)
{
    const PlaceSet own{.paths = {"/var/lib/tailops", "/etc/key"}, .identities = {"1:5", "1:7"}};
    EXPECT_TRUE(own.hold("/var/lib/tailops", {}));
    EXPECT_TRUE(own.hold("/var/lib/tailops/audit/x", {}));
    EXPECT_TRUE(own.hold("/etc/key", {}));
    EXPECT_TRUE(own.hold("/mnt/x/audit.key", {"1:9", "1:5", "1:2"}));
    EXPECT_FALSE(own.hold("/var/lib/tailops-2", {"1:9", "1:2"}));
}

}  // namespace
}  // namespace tailops::tools
