#include "targets/targets_file.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {

using namespace std::chrono_literals;

std::optional<std::string> lookup(const std::string& name)
{
    if (name == "SSH_KEY_WEB_SERVER_01") return "/etc/tailops/keys/web";
    if (name == "SSH_KEY_TEXT") return "-----BEGIN OPENSSH PRIVATE KEY-----\nx";
    if (name == "DOCKER_CERT_PATH_02") return "/etc/tailops/docker-02";
    return std::nullopt;
}

struct Read {
    TargetsFile file;
    yaml::Problems problems;
};

Read read(std::string_view text)
{
    Read out;
    out.file = read_targets(text, "targets.yaml", lookup, out.problems);
    return out;
}

/// A whole file around the lines of one ssh target's connection or constraints.
std::string ssh_target(std::string_view connection, std::string_view rest = "")
{
    return "version: \"1.0\"\ntargets:\n  web:\n    type: remote\n    executor: ssh\n    "
           "connection: {" +
           std::string{connection} + "}\n    capabilities: [\"system:read\"]\n" + std::string{rest};
}

constexpr auto good_ssh = "host: h, username: u, key_path: /k";

// The examples that users of the earlier system have in front of them; it loaded none of them.
constexpr auto documented = R"(
version: "1.0"
gateway:
  gateway_id: "gw-a"
  role: primary
  mode: gateway
  discovery_method: manual
  discovery_interval: 300
  auto_register: false
  managed_targets: ["web-server-01"]
  max_fleet_size: 50
  require_gateway_auth: true
  gateway_token: "${GW_TOKEN}"
  health_check_interval: 60
  state_sync_interval: 30
global_constraints:
  default_audit_level: basic
  require_approval: false
  max_concurrent_operations: 50
  operation_timeout: 60
  enable_dry_run: true
targets:
  local:
    id: "local"
    name: "Gateway host"
    description: ""
    type: "local"
    executor: "local"
    capabilities: ["system:read","container:read","network:read","file:read","network:diag"]
    constraints: {timeout: 30, concurrency: 5, sudo_policy: "none"}
    metadata: {hostname: "{{system.hostname}}", platform: "{{system.platform}}", tags: ["local","control-plane"]}
  web-server-01:
    id: "web-server-01"
    type: "remote"
    executor: "ssh"
    connection:
      host: "192.168.1.100"
      port: 22
      username: "admin"
      key_path: "${SSH_KEY_WEB_SERVER_01}"
      timeout: 30
    capabilities: ["system:read","container:read","network:read","network:diag"]
    constraints:
      timeout: 60
      concurrency: 2
      sudo_policy: "limited"
      max_memory: 0
      max_cpu: 0.0
      allowed_ports: [80, 443]
      audit_level: "detailed"
      require_approval: true
      approval_webhook: "https://approve.example.com"
      dual_approval: false
    metadata:
      hostname: "web-server-01"
      platform: "ubuntu-22.04"
      tags: ["web","production"]
      environment: "production"
      owner: ops
      criticality: high
  docker-host-01:
    id: "docker-host-01"
    type: "remote"
    executor: "docker"
    connection: {socket_path: "/var/run/docker.sock", timeout: 30}
    capabilities: ["container:read","container:write","docker:admin"]
    constraints: {timeout: 120, concurrency: 3, sudo_policy: "none"}
    metadata: {hostname: "docker-host-01", platform: "docker-host", tags: ["docker"]}
  docker-host-02:
    id: "docker-host-02"
    type: "remote"
    executor: "docker"
    connection: {host: "tcp://192.168.1.101:2376", tls_verify: true, cert_path: "${DOCKER_CERT_PATH_02}"}
    capabilities: ["container:read"]
    constraints: {timeout: 90}
    metadata: {tags: ["docker","production"]}
  api-01:
    id: "api-01"
    type: "remote"
    executor: "http"
    connection: {host: "https://api.internal:8443", tls_verify: true, cert_path: ""}
    capabilities: ["network:diag"]
)";

TEST(TargetsFile, LoadsEveryDocumentedTarget)
{
    const auto [file, problems] = read(documented);
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_EQ(file.gateway_id, "gw-a");
    ASSERT_EQ(file.targets.size(), 5U);

    const auto& local = file.targets[0];
    EXPECT_EQ(local.kind, Kind::local);
    EXPECT_EQ(local.limits.timeout, 30s);
    EXPECT_EQ(local.limits.concurrency, 5U);
    EXPECT_NE(local.metadata.at("hostname"), "{{system.hostname}}");

    const auto& web = file.targets[1];
    const auto& ssh = std::get<SshConnection>(web.connection);
    EXPECT_EQ(ssh.host, "192.168.1.100");
    EXPECT_EQ(ssh.key_path, "/etc/tailops/keys/web");
    EXPECT_EQ(web.facts.environment, "production");
    EXPECT_TRUE(web.facts.tags.contains("web"));
    EXPECT_TRUE(web.facts.requires_approval);
    EXPECT_EQ(web.metadata.at("owner"), "ops");

    const auto& docker = std::get<DockerConnection>(file.targets[3].connection);
    EXPECT_TRUE(docker.tls && docker.tls_verify);
    EXPECT_EQ(docker.cert_path, "/etc/tailops/docker-02");
    EXPECT_EQ(file.targets[3].limits.timeout, 90s);
    EXPECT_EQ(file.targets[4].limits.timeout, 60s);  // global_constraints.operation_timeout
}

TEST(TargetsFile, SaysWhichDocumentedKeysHaveNoEffect)
{
    const auto [file, problems] = read(documented);
    EXPECT_GE(problems.notices().size(), 10U);
    for (const auto& notice : problems.notices()) {
        EXPECT_NE(notice.text.find("has no effect"), std::string::npos) << notice.text;
    }
}

TEST(TargetsFile, OffersWhatACapabilityImplies)
{
    const auto [file, problems] = read(documented);
    EXPECT_TRUE(file.targets[2].facts.offers.contains({"docker", "read"}));
    EXPECT_FALSE(file.targets[3].facts.offers.contains({"container", "write"}));
}

TEST(TargetsFile, LoadsTheShortFormOfTheDocumentation)
{
    const auto [file, problems] = read(
        "version: \"1.0\"\ntargets:\n  web:\n    type: ssh\n    connection: {host: h, username: u, "
        "key_path: /k}\n    capabilities: [\"container:control\", \"stack:deploy\", "
        "\"logs:read\"]\n");
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_EQ(file.targets[0].kind, Kind::ssh);
}

TEST(TargetsFile, KeepsAKeyFromTheEnvironmentAsAReference)
{
    const auto [file, problems] =
        read(ssh_target("host: h, username: u, key_path: \"${SSH_KEY_TEXT}\""));
    ASSERT_TRUE(problems.empty()) << problems.render();
    const auto& ssh = std::get<SshConnection>(file.targets[0].connection);
    EXPECT_TRUE(ssh.key_path.empty());
    EXPECT_EQ(ssh.key->text(), "env:SSH_KEY_TEXT");
}

TEST(TargetsFile, ReadsWhatWeNeedBeyondTheEarlierFormat)
{
    const auto [file, problems] = read(R"(
version: "1.0"
targets:
  bastion:
    type: ssh
    connection: {host: b, username: u, key: "systemd:bastion-key", passphrase: "file:/p", host_key: "ssh-ed25519 AAAA"}
    capabilities: ["system:read"]
  inner:
    type: ssh
    connection: {host: i, username: u, key_path: /k, jump: bastion, channels: 8}
    capabilities: ["file:read"]
    constraints: {allowed_paths: ["/var/log/", "/etc/nginx"]}
  api:
    type: http
    connection:
      base_url: "https://api.internal:8443/v1"
      auth: {scheme: header, header: X-API-Key, credential: "env:API_KEY"}
      methods: [GET, POST]
      paths: ["/status"]
    capabilities: ["http:read"]
)");
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_EQ(std::get<SshConnection>(file.targets[1].connection).jump->view(), "bastion");
    EXPECT_EQ(file.targets[1].file_roots, (std::vector<std::string>{"/var/log", "/etc/nginx"}));
    EXPECT_EQ(std::get<HttpConnection>(file.targets[2].connection).credential->text(),
              "env:API_KEY");
}

TEST(TargetsFile, RemembersWhereEachCapabilityStands)
{
    const auto [file, problems] = read(ssh_target(good_ssh));
    ASSERT_EQ(file.offers.size(), 1U);
    EXPECT_EQ(file.offers[0].target.view(), "web");
    EXPECT_EQ(file.offers[0].capability.text(), "system:read");
    EXPECT_EQ(file.offers[0].place.line, 7);
    EXPECT_EQ(file.offers[0].place.column, 20);
}

TEST(TargetsFile, TakesALoginWithoutAKeyOnlyWhereThatIsSaid)
{
    const auto connection = [](std::string_view text) {
        const auto [file, problems] = read(ssh_target(text));
        EXPECT_TRUE(problems.empty()) << problems.render();
        return std::get<SshConnection>(file.targets.at(0).connection);
    };
    EXPECT_FALSE(connection(good_ssh).has_no_key);
    EXPECT_EQ(connection(good_ssh).login_lifetime, 15min);
    const auto bare = connection("host: h, username: u, credential: none, login_lifetime: 5m");
    EXPECT_TRUE(bare.has_no_key);
    EXPECT_EQ(bare.login_lifetime, 5min);
}

struct Refusal {
    const char* name;
    std::string text;
    const char* says;
};

TEST(TargetsFile, RefusesWithPlaceAndRemedy)
{
    const std::string head = "version: \"1.0\"\ntargets:\n";
    const Refusal rows[] = {
        {"unknown_key", ssh_target("host: h, user: u, username: u, key_path: /k"),
         "targets.yaml:6:27: unknown key \"user\"; did you mean \"username\"?"},
        {"unknown_capability", head + "  l:\n    type: local\n    capabilities: [\"sytem:read\"]\n",
         "targets.yaml:5:20: unknown capability \"sytem:read\"; did you mean \"system:read\"?"},
        {"no_version", "targets: {}\n", "lacks \"version\""},
        {"future_version", "version: \"2.0\"\ntargets: {}\n", "version \"2.0\" is not known"},
        {"id_differs", head + "  l:\n    id: m\n    type: local\n    capabilities: []\n",
         "\"id\" is \"m\" but the target stands under \"l\""},
        {"id_of_the_gateway", head + "  gateway:\n    type: local\n    capabilities: []\n",
         "cannot be a target id"},
        {"id_like_an_option", head + "  -rf:\n    type: local\n    capabilities: []\n",
         "targets.yaml:3:3: \"-rf\" cannot be a target id; use 1 to 64 letters, digits, \"-\", "
         "\"_\" "
         "and \".\", not \"-\" or \".\" first, and not \"gateway\""},
        {"no_connection", head + "  w:\n    type: ssh\n    capabilities: []\n",
         "lacks \"connection\""},
        {"remote_without_executor",
         head + "  w:\n    type: remote\n    connection: {}\n    capabilities: []\n",
         "lacks \"executor\""},
        {"contradiction",
         head + "  w:\n    type: docker\n    executor: ssh\n    connection: {host: h, username: u, "
                "key_path: /k}\n    capabilities: []\n",
         "does not fit executor"},
        {"password", ssh_target("host: h, username: u"), "passwords are not supported"},
        {"key_and_none", ssh_target("host: h, username: u, key_path: /k, credential: none"),
         "\"credential: none\" means a login without a key"},
        {"passphrase_and_none",
         ssh_target("host: h, username: u, passphrase: \"env:P\", "
                    "credential: none"),
         "\"credential: none\" means a login without a key"},
        {"other_credential", ssh_target("host: h, username: u, credential: password"),
         "\"credential\""},
        {"unset_variable", ssh_target("host: h, username: u, key_path: \"${NOPE}\""),
         "the environment variable \"NOPE\" is not set"},
        {"secret_in_the_file", ssh_target("host: h, username: u, key: hunter2"),
         "a credential is written as a reference"},
        {"host_like_an_option", ssh_target("host: -oProxyCommand=x, username: u, key_path: /k"),
         "is not a host name"},
        {"window_that_nobody_enforces",
         ssh_target(good_ssh, "    constraints: {maintenance_window: \"02:00-04:00\"}\n"),
         "\"maintenance_window\" cannot be enforced"},
        {"policies_in_the_wrong_file", "version: \"1.0\"\ndevelopment_policies: []\ntargets: {}\n",
         "write rules in policy.yaml"},
        {"relative_root",
         ssh_target(good_ssh, "    constraints: {allowed_paths: [\"var/../log\"]}\n"),
         "must be absolute"},
        {"jump_to_nowhere", ssh_target("host: h, username: u, key_path: /k, jump: gone"),
         "which is not an ssh target"},
        {"tags_in_one",
         head +
             "  l:\n    type: local\n    capabilities: []\n    metadata:\n      tags: web, prod\n",
         "targets.yaml:7:13: \"web, prod\" is one name; write several as a list, [web, prod], or "
         "put the one in quotes"},
        {"roots_in_one",
         ssh_target(good_ssh, "    constraints:\n      allowed_paths: /srv, /var\n"),
         "\"/srv, /var\" is one name"},
        {"no_path_left",
         head + "  a:\n    type: http\n    connection: {base_url: \"http://x\", paths: []}\n    "
                "capabilities: []\n",
         "\"paths\" is an empty list, which would restrict nothing"},
        {"no_method_left",
         head + "  a:\n    type: http\n    connection: {base_url: \"http://x\", methods: []}\n"
                "    capabilities: []\n",
         "\"methods\" is an empty list"},
        {"docker_both",
         head + "  d:\n    type: docker\n    connection: {socket_path: /s, host: "
                "\"tcp://h:1\"}\n    capabilities: []\n",
         "either \"socket_path\" or \"host\""},
        {"bad_url",
         head + "  a:\n    type: http\n    connection: {base_url: \"ftp://x\"}\n    "
                "capabilities: []\n",
         "base_url"},
    };
    for (const auto& row : rows) {
        const auto [file, problems] = read(row.text);
        EXPECT_NE(problems.render().find(row.says), std::string::npos)
            << row.name << ": " << problems.render();
        EXPECT_EQ(problems.render().find("hunter2"), std::string::npos);
    }
}

TEST(TargetsFile, GivesEqualDigestsToEqualConnectionsOnly)
{
    const auto digest = [](std::string_view connection) {
        return read(ssh_target(connection)).file.targets[0].connection_digest;
    };
    EXPECT_EQ(digest(good_ssh), digest(good_ssh));
    EXPECT_NE(digest(good_ssh), digest("host: h, username: v, key_path: /k"));
}

}  // namespace
}  // namespace tailops::targets
