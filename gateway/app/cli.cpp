#include "gateway/app/cli.hpp"

#include "gateway/app/commands.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/signals.hpp"
#include "gateway/core/text.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <sstream>

namespace tailops::app {
namespace {

/// The subcommand that was chosen, with its options bound.
using Action = std::function<int()>;

// Of options without a sign: what they are bound to would take "-1" for the largest number. More
// records than a trail will ever have; and less than what CLI11 takes numbers for that are too
// long.
constexpr std::int64_t number_max = 1'000'000'000'000'000;

void add_config(CLI::App& command, std::string& file)
{
    command.add_option("--config", file, "gateway.yaml")->capture_default_str();
}

void add_state(CLI::App& command, StateOptions& state)
{
    add_config(command, state.config_file);
    command.add_option("--state-dir", state.state_dir,
                       "the state directory, instead of the configured one");
}

void add_serve(CLI::App& root, ServeOptions& options, Action& action)
{
    auto* command = root.add_subcommand("serve", "run the gateway");
    add_config(*command, options.config_file);
    auto* embedded = command->add_flag("--embedded", options.embedded,
                                       "run without any file: the local target and a fresh token");
    command
        ->add_option("--state-dir", options.state_dir, "where the embedded gateway keeps its state")
        ->needs(embedded);
    command->add_option("--listen", options.listen, "HOST:PORT of the embedded gateway")
        ->needs(embedded)
        ->capture_default_str();
    command->add_flag("--welcome", options.welcome, "say in words how to connect")->needs(embedded);
    command->callback([&] { action = [&] { return serve(options); }; });
}

void add_stdio(CLI::App& root, StdioOptions& options, Action& action)
{
    auto* command =
        root.add_subcommand("stdio", "serve the one client at stdin and stdout, as you");
    add_config(*command, options.config_file);
    command->add_flag("--embedded", options.embedded, "run without any file: the local target");
    command->add_option("--state-dir", options.state_dir,
                        "where its state is, instead of the configured directory or your own");
    command->callback([&] { action = [&] { return serve_stdio(options); }; });
}

void add_check(CLI::App& root, CheckOptions& options, Action& action)
{
    auto* command =
        root.add_subcommand("check", "read the configuration and say everything wrong with it");
    add_config(*command, options.config_file);
    command->callback([&] { action = [&] { return check(options); }; });
    // What the earlier system's documentation tells its users to type.
    root.add_option("--validate-config", options.targets_file, "check this targets file alone")
        ->each([&](const std::string&) { action = [&] { return check(options); }; });
}

struct TokenOptions {
    TokenMintOptions mint;
    StateOptions state;
    std::string id;
};

void add_token(CLI::App& root, TokenOptions& options, Action& action)
{
    auto* token = root.add_subcommand("token", "gateway tokens")->require_subcommand(1);
    auto* mint = token->add_subcommand("mint", "make a token and print it, once");
    add_state(*mint, options.mint.state);
    mint->add_option("--subject", options.mint.subject, "whom the token stands for")->required();
    mint->add_option("--scope", options.mint.scopes,
                     "a scope, e.g. container:read; may be repeated; none: roles decide");
    mint->add_option("--ttl", options.mint.ttl, "how long it lives: 45m, 12h, 30d")
        ->capture_default_str();
    mint->callback([&] { action = [&] { return token_mint(options.mint); }; });

    auto* list = token->add_subcommand("list", "every token, without the token");
    add_state(*list, options.state);
    list->callback([&] { action = [&] { return token_list(options.state); }; });

    auto* revoke = token->add_subcommand("revoke", "end a token now");
    add_state(*revoke, options.state);
    revoke->add_option("id", options.id, "the token's id, from `token list`")->required();
    revoke->callback([&] { action = [&] { return token_revoke(options.state, options.id); }; });
}

void add_policy(CLI::App& root, ExplainOptions& options, Action& action)
{
    auto* policy = root.add_subcommand("policy", "the policy")->require_subcommand(1);
    auto* explain = policy->add_subcommand("explain", "what the policy says to a call, and why");
    add_config(*explain, options.config_file);
    explain->add_option("--as", options.subject, "the subject who would call")->required();
    explain->add_option("--issuer", options.issuer, "who vouches for it, as in ISSUER|SUBJECT");
    explain->add_option("--tool", options.tool, "the tool")->required();
    explain->add_option("--target", options.target, "the target");
    explain->add_option("--param", options.parameters,
                        "an argument of the call, key=value; OBJECT.KEY=value in an object");
    explain->add_option("--group", options.groups, "a group of the subject");
    explain->add_option("--client", options.client, "the client the subject uses");
    explain->add_option("--actor", options.actor, "who acts for the subject, as whoami shows it");
    explain->add_option("--scope", options.scopes, "a scope of its token (else roles decide)");
    explain->callback([&] { action = [&] { return policy_explain(options); }; });
}

struct TargetsOptions {
    std::string config_file{"/etc/tailops/gateway.yaml"};
    std::string id;
    TrustOptions trust;
};

void add_targets(CLI::App& root, TargetsOptions& options, Action& action)
{
    auto* targets = root.add_subcommand("targets", "the machines")->require_subcommand(1);
    auto* list = targets->add_subcommand("list", "every configured target");
    add_config(*list, options.config_file);
    list->callback([&] { action = [&] { return targets_list(options.config_file); }; });

    auto* test = targets->add_subcommand("test", "connect to a target, do nothing else");
    add_config(*test, options.config_file);
    test->add_option("id", options.id, "the target")->required();
    test->callback([&] { action = [&] { return targets_test(options.config_file, options.id); }; });

    auto* trust = targets->add_subcommand("trust", "show an SSH target's host key and remember it");
    add_config(*trust, options.trust.config_file);
    trust->add_option("id", options.trust.target, "the target")->required();
    trust->add_flag("--yes", options.trust.yes, "remember it without asking");
    trust->add_flag("--replace", options.trust.replace,
                    "with --yes: also in the place of another key that is remembered");
    trust->callback([&] { action = [&] { return targets_trust(options.trust); }; });
}

struct AuditOptions {
    AuditVerifyOptions verify;
    AuditQueryOptions query;
};

void add_audit(CLI::App& root, AuditOptions& options, Action& action)
{
    auto* audit = root.add_subcommand("audit", "the audit trail")->require_subcommand(1);
    auto* verify = audit->add_subcommand("verify", "check that no record was changed or removed");
    add_state(*verify, options.verify.state);
    verify->add_option("--anchor", options.verify.anchor,
                       "a head noted down earlier, SEQ:MAC, which must still be there");
    verify
        ->add_option("--acknowledged", options.verify.acknowledged_seq,
                     "alarms of the gateway itself up to this record are known; notes from now on")
        ->check(CLI::Range(std::int64_t{1}, number_max));
    verify->callback([&] { action = [&] { return audit_verify(options.verify); }; });

    auto& query = options.query;
    auto* find = audit->add_subcommand("query", "print matching records as lines of JSON");
    add_state(*find, query.state);
    find->add_option("--subject", query.subject, "who asked");
    find->add_option("--tool", query.tool, "the tool");
    find->add_option("--target", query.target, "the target");
    find->add_option("--outcome", query.outcome,
                     "ok, failed, refused, replayed, unknown, alarm, notice, or an error code");
    find->add_option("--effect", query.effect, "allow, deny, require_approval, dry_run_only");
    find->add_option("--request", query.request, "one call");
    find->add_option("--trace", query.trace, "calls of one distributed trace: its trace-id");
    find->add_option("--since", query.since, "from this time on (RFC 3339)");
    find->add_option("--until", query.until, "before this time (RFC 3339)");
    find->add_option("--limit", query.limit, "at most so many, the newest")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{1}, number_max));
    find->callback([&] { action = [&] { return audit_query(query); }; });
}

void add_call(CLI::App& root, CallOptions& options, std::int64_t& timeout, Action& action)
{
    auto* command = root.add_subcommand("call", "call a tool of a running gateway");
    command->add_option("tool", options.tool, "the tool")->required();
    command->add_option("arguments", options.arguments,
                        "its arguments as key=value; OBJECT.KEY=value in an object");
    command->add_option("--target", options.target, "the target");
    command->add_option("--url", options.url, "the gateway's endpoint, or unix:/PATH of its socket")
        ->capture_default_str();
    command->add_option("--token-file", options.token_file,
                        "a file with the token (else TAILOPS_TOKEN)");
    command->add_option("--timeout", timeout, "seconds")
        ->capture_default_str()
        ->check(CLI::Range(1, 3600));
    command->callback([&] {
        action = [&] {
            options.timeout = std::chrono::seconds{timeout};
            return call_tool(options);
        };
    });
}

constexpr auto no_value = "has no value; give one, or leave it out";

/// An option that is given and says nothing is mostly a variable that was not set. To take it as
/// left out would mean all where one was meant: every record, every right, no anchor.
void refuse_blank_values(CLI::App& app)
{
    const CLI::Validator filled{[](std::string& value) {
                                    return trim(value).empty() ? std::string{no_value}
                                                               : std::string{};
                                },
                                ""};
    for (auto* option : app.get_options()) {
        if (option->get_items_expected_max() > 0) option->check(filled);
    }
    for (auto* command : app.get_subcommands({})) refuse_blank_values(*command);
}

/// What "--scope=$UNSET" becomes. CLI11 would take the next word for the value.
void refuse_missing_values(std::span<char*> words)
{
    for (const std::string_view word : words) {
        if (word == "--") return;
        if (word.starts_with("--") && word.find('=') == word.size() - 1) {
            throw CLI::ValidationError{std::string{word}, no_value};
        }
    }
}

}  // namespace

int run_command_line(int argc, char** argv)
{
    CLI::App root{"TailOps Gateway: AI assistants operate machines within a policy"};
    root.name("tailops");
    root.require_subcommand(0, 1);
    Action action;
    ServeOptions serve_options;
    StdioOptions stdio_options;
    CheckOptions check_options;
    TokenOptions token_options;
    ExplainOptions explain_options;
    TargetsOptions targets_options;
    AuditOptions audit_options;
    CallOptions call_options;
    std::int64_t call_timeout = call_options.timeout.count();
    add_serve(root, serve_options, action);
    add_stdio(root, stdio_options, action);
    add_check(root, check_options, action);
    add_token(root, token_options, action);
    add_policy(root, explain_options, action);
    add_targets(root, targets_options, action);
    add_audit(root, audit_options, action);
    add_call(root, call_options, call_timeout, action);
    root.set_version_flag("--version", "tailops " TAILOPS_VERSION);
    root.add_subcommand("version", "print the version")->callback([&] { action = print_version; });
    root.add_subcommand("tools-reference", "")->group("")->callback([&] {
        action = print_tools_reference;
    });
    refuse_blank_values(root);
    try {
        refuse_missing_values(std::span{argv, static_cast<std::size_t>(argc)});
        root.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream help, complaint;
        const bool is_fine = root.exit(error, help, complaint) == 0;
        std::fputs(complaint.str().c_str(), stderr);
        return answer(help.str(), is_fine ? exit_ok : exit_usage);
    }
    // The daemon catches it, once it can; everything else ends with its terminal.
    if (!root.got_subcommand("serve") && !root.got_subcommand("stdio")) let_hang_up_act();
    if (action) return action();
    std::fputs(root.help().c_str(), stderr);
    return exit_usage;
}

}  // namespace tailops::app
