#include "tests/unit/gateway/config/read_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tailops::config {
namespace {

using namespace std::chrono_literals;

constexpr auto tsidp = R"(version: 1
listen: ["100.64.0.1:8080"]
base_url: "http://gateway.tail1234.ts.net:8080/"
auth:
  mode: oidc
  oidc: {issuer: "https://idp.tail1234.ts.net", client_id: gw, client_secret: "file:/run/secret",
         remember_for: 1s}
limits: {body_bytes: 1048576, idle_timeout: 5m, idempotency_keys: 7, idempotency_retention: 2h}
output: {run_bytes: 1048576, keep: 1h}
)";

TEST(Settings, ReadsAWholeFile)
{
    const auto [settings, problems] = read(tsidp);
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_EQ(settings.auth.mode, AuthMode::oidc);
    EXPECT_EQ(settings.resource(), "http://gateway.tail1234.ts.net:8080/mcp");
    EXPECT_EQ(settings.auth.oidc.remember_for, 1s);
    EXPECT_EQ(settings.policy_file, "/etc/tailops/policy.yaml");
    EXPECT_EQ(settings.limits.body_bytes, 1048576U);
    EXPECT_EQ(settings.limits.idle_timeout, 300s);
    EXPECT_EQ(settings.limits.connections, 4096U);
    EXPECT_EQ(settings.limits.idempotency_keys, 7U);
    EXPECT_EQ(settings.limits.idempotency_keys_per_principal, 2000U);
    EXPECT_EQ(settings.limits.idempotency_retention, 2h);
    EXPECT_EQ(settings.output.run_bytes, 1048576U);
    EXPECT_EQ(settings.output.total_bytes, 256U * 1024 * 1024);
    EXPECT_EQ(settings.output.keep, 1h);
}

TEST(Settings, LetsTheEnvironmentWin)
{
    const auto [settings, problems] =
        read("version: 1\nauth: {mode: oidc}\n", {{"TSIDP_URL", "https://idp.example.ts.net"},
                                                  {"TSIDP_CLIENT_ID", "gw"},
                                                  {"TSIDP_CLIENT_SECRET", "s"},
                                                  {"LOG_LEVEL", "WARNING"},
                                                  {"TAILOPS_LISTEN", "127.0.0.1:9000"},
                                                  {"TAILOPS_AUTH_MODE", ""}});
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_EQ(settings.auth.oidc.issuer, "https://idp.example.ts.net");
    EXPECT_EQ(settings.auth.oidc.client_secret->text(), "env:TSIDP_CLIENT_SECRET");
    EXPECT_EQ(settings.auth.oidc.remember_for, 60s);
    EXPECT_EQ(settings.log_level, LogLevel::warning);
    EXPECT_EQ(settings.listen, std::vector<std::string>{"127.0.0.1:9000"});
}

TEST(Settings, TrustsTheProxiesThatAreNamedAndNoOther)
{
    EXPECT_TRUE(read("version: 1\n").settings.trusted_proxies.empty());
    const auto [settings, problems] =
        read("version: 1\ntrusted_proxies: [127.0.0.1, \"fd00::/8\"]\n");
    ASSERT_TRUE(problems.empty()) << problems.render();
    ASSERT_EQ(settings.trusted_proxies.ranges.size(), 2U);
    EXPECT_TRUE(settings.trusted_proxies.ranges[1].contains("fd12::1"));
    EXPECT_FALSE(settings.trusted_proxies.ranges[0].contains("127.0.0.2"));
}

TEST(Settings, TrustUnixSocketsWhereTheyAreNamed)
{
    const auto [settings, problems] = read("version: 1\ntrusted_proxies: [unix, 10.0.0.1]\n");
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_TRUE(settings.trusted_proxies.contains("unix"));
    EXPECT_TRUE(settings.trusted_proxies.contains("10.0.0.1"));
    EXPECT_FALSE(settings.trusted_proxies.contains("127.0.0.1"));
    EXPECT_FALSE(read("version: 1\ntrusted_proxies: [10.0.0.1]\n")
                     .settings.trusted_proxies.contains("unix"));
}

TEST(Settings, NeedNoPortWhereTheyNameAUnixSocket)
{
    const auto [settings, problems] = read(
        "version: 1\nlisten: [\"unix:/run/tailops/gateway.sock\"]\n"
        "auth: {mode: none, i_accept_the_risk: true}\n");
    ASSERT_TRUE(problems.empty()) << problems.render();
    EXPECT_FALSE(settings.first_port());
    EXPECT_EQ(settings.resource(), "http://localhost/mcp");
    const auto both =
        read("version: 1\nlisten: [\"unix:/run/g.sock\", \"127.0.0.1:81\"]\n").settings;
    EXPECT_EQ(both.resource(), "http://127.0.0.1:81/mcp");
}

struct Refusal {
    const char* name;
    std::string text;
    std::map<std::string, std::string> variables;
    const char* says;
};

TEST(Settings, RefusesWithTheRemedy)
{
    const Refusal rows[] = {
        {"typo", "version: 1\nlisen: []\n", {}, "unknown key \"lisen\"; did you mean \"listen\"?"},
        {"version", "version: 2\n", {}, "\"version\" must be 1"},
        {"open_to_all",
         "version: 1\nlisten: [\"0.0.0.0:80\"]\nauth: {mode: none, i_accept_the_risk: true}\n",
         {},
         "auth.mode none"},
        {"risk_not_accepted", "version: 1\nauth: {mode: none}\n", {}, "i_accept_the_risk"},
        {"no_issuer", "version: 1\nauth: {mode: oidc}\n", {}, "TSIDP_URL"},
        {"no_base_url",
         "version: 1\nlisten: [\"0.0.0.0:80\"]\nauth: {mode: oidc, oidc: {issuer: \"https://i\", "
         "client_id: c, "
         "client_secret: \"env:S\"}}\n",
         {},
         "needs base_url"},
        {"secret_in_the_file",
         "version: 1\nauth: {mode: oidc, oidc: {issuer: \"https://i\", client_id: c, "
         "client_secret: hunter2}}\n",
         {},
         "written as a reference"},
        {"revoked_tokens_for_long",
         "version: 1\nauth: {oidc: {remember_for: 61s}}\n",
         {},
         "gateway.yaml:2:29: \"remember_for\" must be at most 60 s"},
        {"revoked_tokens_for_no_time",
         "version: 1\nauth: {oidc: {remember_for: 0}}\n",
         {},
         "at least 1 s"},
        {"address", "version: 1\nlisten: [\"localhost\"]\n", {}, "write HOST:PORT"},
        {"relative_socket",
         "version: 1\nlisten: [\"unix:gateway.sock\"]\n",
         {},
         "gateway.yaml:2:1: listen: \"unix:gateway.sock\" is not a Unix socket"},
        {"socket_without_a_name",
         "version: 1\nlisten: [\"unix:/run/\"]\n",
         {},
         "is not a Unix socket"},
        {"anybody_by_a_port_beside_a_socket",
         "version: 1\nlisten: [\"unix:/run/g.sock\", \"100.64.0.1:80\"]\n"
         "auth: {mode: none, i_accept_the_risk: true}\n",
         {},
         "only when every listen address is a loopback one or a Unix socket"},
        {"tokens_of_a_server_that_name_no_url",
         "version: 1\nlisten: [\"unix:/run/g.sock\"]\n"
         "auth: {mode: oidc, oidc: {issuer: \"https://idp.example.ts.net\", client_id: c, "
         "client_authentication: none}}\n",
         {},
         "auth.mode oidc needs base_url"},
        {"ipv6_without_brackets", "version: 1\nlisten: [\"::1:80\"]\n", {}, "[ADDRESS]:PORT"},
        {"limit", "version: 1\nlimits: {body_bytes: 1}\n", {}, "between 1024 and"},
        {"no_keys", "version: 1\nlimits: {idempotency_keys: 0}\n", {}, "between 1 and"},
        {"no_time", "version: 1\nlimits: {idle_timeout: 0}\n", {}, "at least 1 s"},
        {"proxy_name",
         "version: 1\ntrusted_proxies: [127.0.0.1, localhost]\n",
         {},
         "gateway.yaml:2:18: \"trusted_proxies\": \"localhost\" is no range of addresses"},
        {"output_kept_for_no_time", "version: 1\noutput: {keep: 0}\n", {}, "at least 1 s"},
        {"output_of_one_over_that_of_all",
         "version: 1\noutput: {run_bytes: 2000, total_bytes: 1999}\n",
         {},
         "must not be more than"},
        {"tls_half", "version: 1\ntls: {certificate: c.pem}\n", {}, "tls lacks \"key\""},
        {"risk_and_tls",
         "version: 1\ntls: {certificate: c.pem, key: k.pem, i_accept_the_risk: true}\n",
         {},
         "i_accept_the_risk is for plain HTTP"},
        {"no_tls", "version: 1\ntls: {}\n", {}, "tls lacks \"certificate\""},
        {"mode_variable",
         "version: 1\n",
         {{"TAILOPS_AUTH_MODE", "tokn"}},
         "use oidc, token or none"},
        {"level_variable", "version: 1\n", {{"LOG_LEVEL", "loud"}}, "use debug, info"},
        {"anonymous_scope",
         "version: 1\nauth: {mode: token, anonymous_scopes: [\"sytem:read\"]}\n",
         {},
         "did you mean \"system:read\"?"},
    };
    for (const auto& row : rows) {
        const auto [settings, problems] = read(row.text, row.variables);
        EXPECT_NE(problems.render().find(row.says), std::string::npos)
            << row.name << ": " << problems.render();
        EXPECT_EQ(problems.render().find("hunter2"), std::string::npos);
    }
}

struct Placed {
    const char* name;
    std::string text;
    std::map<std::string, std::string> variables;
    std::string says;  // all of it, or how it begins
};

TEST(Settings, ComplainsWhereTheSettingWasSaid)
{
    const std::string file = "/etc/tailops/gateway.yaml:";
    const std::string oidc =
        "version: 1\nauth:\n  mode: oidc\n  oidc: {issuer: \"https://i\", client_id: c, "
        "client_secret: \"env:S\"}\n";
    const Placed rows[] = {
        {"sound", oidc, {}, ""},
        {"base_url", oidc + "base_url: gateway\n", {}, file + "5:1: base_url: "},
        {"base_url_of_the_environment",
         oidc + "base_url: http://g\n",
         {{"TAILOPS_BASE_URL", "gateway"}},
         "TAILOPS_BASE_URL: base_url: "},
        {"base_url_with_the_path",
         oidc + "base_url: https://g.ts.net/mcp/\n",
         {},
         file + "5:1: base_url is the URL without \"/mcp\", which is added to it; write "
                "\"https://g.ts.net\"\n"},
        {"base_url_with_another_path", oidc + "base_url: https://g.ts.net/xmcp\n", {}, ""},
        {"base_url_that_nobody_said",
         "version: 1\nlisten: [\"100.64.0.1:80\"]\n" + oidc.substr(11),
         {},
         file + "1:1: auth.mode oidc needs base_url"},
        {"issuer_of_no_section",
         "version: 1\nauth:\n  mode: oidc\n",
         {{"TSIDP_CLIENT_ID", "c"}, {"TSIDP_CLIENT_SECRET", "s"}},
         file + "2:1: auth.mode oidc needs auth.oidc.issuer"},
        {"issuer_of_the_environment",
         oidc,
         {{"TSIDP_URL", "http://idp.ts.net"}},
         "TSIDP_URL: auth.oidc.issuer: \"http://idp.ts.net\" must begin with https://"},
        {"issuer_with_a_slash",
         oidc,
         {{"TSIDP_URL", "https://idp.ts.net/"}},
         "TSIDP_URL: auth.oidc.issuer: an issuer is compared letter by letter, and that of a "
         "whole server has no slash at its end; write \"https://idp.ts.net\"\n"},
        {"issuer_with_a_slash_behind_a_path", oidc, {{"TSIDP_URL", "https://idp.ts.net/app/"}}, ""},
        {"secret_in_the_file",
         "version: 1\nauth: {mode: oidc, oidc: {issuer: \"https://i\", client_id: c, "
         "client_secret: hunter2}}\n",
         {},
         file + "2:77: \"client_secret\": a credential is written as a reference: env:NAME, "
                "file:/path or systemd:name\n"},
        {"no_secret",
         "version: 1\nauth: {mode: oidc, oidc: {issuer: \"https://i\", client_id: c}}\n",
         {},
         file + "2:20: auth.mode oidc needs auth.oidc.client_id and client_secret"},
        {"blank_secret",
         "version: 1\nauth: {mode: oidc, oidc: {issuer: \"https://i\", client_id: c, "
         "client_secret: }}\n",
         {},
         file + "2:62: auth.mode oidc needs auth.oidc.client_id and client_secret"},
        {"mode", "version: 1\nauth:\n  mode: none\n", {}, file + "3:3: auth.mode none lets"},
        {"mode_of_the_environment",
         "version: 1\n",
         {{"TAILOPS_AUTH_MODE", "none"}},
         "TAILOPS_AUTH_MODE: auth.mode none lets"},
        {"scope",
         "version: 1\nauth:\n  anonymous_scopes: [\"sytem:read\"]\n",
         {},
         file + "3:3: anonymous_scopes: unknown capability"},
        {"log_format",
         "version: 1\n",
         {{"TAILOPS_LOG_FORMAT", "xml"}},
         "TAILOPS_LOG_FORMAT: \"xml\"; use text or json\n"},
    };
    for (const auto& row : rows) {
        const auto said = read(row.text, row.variables).problems.render();
        EXPECT_EQ(said.substr(0, row.says.size()), row.says) << row.name << ": " << said;
        EXPECT_EQ(std::ranges::count(said, '\n'), row.says.empty() ? 0 : 1) << said;
    }
}

TEST(Settings, TakesTheLogFormatOfTheEnvironment)
{
    const std::string json = "version: 1\nlog: {format: json}\n";
    EXPECT_EQ(read(json).settings.log_format, LogFormat::json);
    EXPECT_EQ(read(json, {{"TAILOPS_LOG_FORMAT", "text"}}).settings.log_format, LogFormat::text);
    EXPECT_EQ(read("version: 1\n", {{"TAILOPS_LOG_FORMAT", "json"}}).settings.log_format,
              LogFormat::json);
}

TEST(Settings, KnowWhatWaitsForARestart)
{
    const std::string before =
        "version: 1\nlisten: [\"127.0.0.1:1\"]\ntargets: a.yaml\nlog: "
        "{level: info}\n";
    const auto waiting = [&](const std::string& after) {
        return waiting_for_restart(read(before).settings, read(after).settings);
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(waiting(before), Names{});
    EXPECT_EQ(
        waiting("version: 1\nlog: {level: info}\n# moved\nlisten: [\"127.0.0.1:1\"]\ntargets: "
                "b.yaml\npolicy: c.yaml\n"),
        Names{})
        << "a reload takes up the files";
    EXPECT_EQ(waiting("version: 1\nlisten: [\"127.0.0.1:2\"]\nthreads: 2\n"),
              (Names{"listen", "log.level", "threads"}));
}

}  // namespace
}  // namespace tailops::config
