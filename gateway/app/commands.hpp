#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What each subcommand of `tailops` was asked for, and the functions that do it. Each returns the
/// process's exit code: 0 ok, 1 failed, 2 wrong usage or configuration. Errors go to stderr.
namespace tailops::app {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct ServeOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    bool embedded{false};
    std::string state_dir;  // embedded only
    std::string listen{"127.0.0.1:8080"};
    bool welcome{false};  // tells a person how to connect, instead of a line of JSON
};
int serve(const ServeOptions&);

struct StdioOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    bool embedded{false};
    std::string state_dir;  // instead of the configured one, or of the user's own
};
int serve_stdio(const StdioOptions&);

struct CheckOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    std::string targets_file;  // --validate-config FILE: only that file
};
int check(const CheckOptions&);

/// Where the state is: of a configuration file, or said outright.
struct StateOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    std::string state_dir;
};

struct TokenMintOptions {
    StateOptions state;
    std::string subject;
    std::vector<std::string> scopes;
    std::string ttl{"12h"};
};
int token_mint(const TokenMintOptions&);
int token_list(const StateOptions&);
int token_revoke(const StateOptions&, const std::string& id);

struct ExplainOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    std::string subject, issuer, client, actor, tool, target;
    std::vector<std::string> groups, scopes, parameters;
};
int policy_explain(const ExplainOptions&);

int targets_list(const std::string& config_file);
int targets_test(const std::string& config_file, const std::string& id);
struct TrustOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    std::string target;
    bool yes{false};      // accept without asking
    bool replace{false};  // also in the place of another key
};
int targets_trust(const TrustOptions&);

struct AuditVerifyOptions {
    StateOptions state;
    std::string anchor;                 // "SEQ MAC" or "SEQ:MAC", as verify printed it once
    std::uint64_t acknowledged_seq{0};  // alarms up to this record are known
};
int audit_verify(const AuditVerifyOptions&);
struct AuditQueryOptions {
    StateOptions state;
    std::string subject, tool, target, outcome, effect, request, trace, since, until;
    std::size_t limit{100};
};
int audit_query(const AuditQueryOptions&);

struct CallOptions {
    std::string url{"http://127.0.0.1:8080/mcp"};
    std::string token_file;  // else the environment's TAILOPS_TOKEN
    std::string tool, target;
    std::vector<std::string> arguments;  // key=value
    std::chrono::seconds timeout{60};
};
int call_tool(const CallOptions&);

int print_version();
int print_tools_reference();

}  // namespace tailops::app
