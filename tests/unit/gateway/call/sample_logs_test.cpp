#include "gateway/tools/policy_words.hpp"
#include "policy/gate.hpp"
#include "policy/policy_file.hpp"
#include "targets/targets_file.hpp"
#include "tests/support/source_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

// The sample policy keeps logs, and who logged in, from viewers: through every tool and every
// command, on a target that offers all there is.

namespace tailops::call {
namespace {

std::string slurp(const char* name)
{
    std::ostringstream text;
    text << std::ifstream{testing::source_file("deploy/" + std::string{name}), std::ios::binary}
                .rdbuf();
    return std::move(text).str();
}

const policy::Gate& sample_gate()
{
    static const policy::Gate gate{[] {
        yaml::Problems problems;
        const auto targets = targets::read_targets(
            slurp("targets.yaml"), "targets.yaml", [](const std::string&) { return std::nullopt; },
            problems);
        const auto words = tools::policy_vocabulary(
            targets.targets, tools::CommandCatalogue::shipped(), *tools::ToolCatalogue::shipped());
        auto policy = policy::read_policy(slurp("policy.yaml"), "policy.yaml", words, problems);
        EXPECT_TRUE(problems.empty()) << problems.render();
        return policy;
    }()};
    return gate;
}

/// A way to see something.
struct Door {
    std::string tool;
    Capability capability;
    policy::Parameters parameters;
    std::string shown;
    bool is_for_operators;
};

std::string effect(const std::string& who, const Door& door)
{
    auth::Identity identity;
    identity.subject = SubjectId{who};
    identity.name = who;
    identity.expires = TimePoint::max();
    policy::AccessRequest request;
    request.principal = sample_gate().admit(identity);
    request.tool = ToolName{door.tool};
    request.action = door.capability;
    request.tier = Tier::observe;
    request.target.id = TargetId{"web-01"};
    request.target.environment = "production";
    request.target.offers = CapabilitySet::all();
    request.parameters = door.parameters;
    return std::string{policy::to_string(sample_gate().decide(request).decision.effect)};
}

/// Commands that show a log, who is or was logged in, or names and sizes of files.
const std::set<std::string, std::less<>> for_operators{
    "service_logs",    "docker_logs", "syslog_recent", "auth_log",      "dmesg_recent",
    "logged_in_users", "last_logins", "sudo_users",    "largest_files", "disk_usage_path"};

std::vector<Door> doors()
{
    std::vector<Door> out;
    for (const auto& command : tools::CommandCatalogue::shipped().all()) {
        Door door{.tool = "execute_command",
                  .capability = command.capability,
                  .parameters = {{"command_name", command.name},
                                 {"category", command.category},
                                 {"requires_confirmation", false}},
                  .shown = command.name,
                  .is_for_operators = for_operators.contains(command.name)};
        for (const auto& parameter : command.parameters) {
            const bool is_path = parameter.type == tools::CommandParameter::Type::path;
            door.parameters.emplace("parameters." + parameter.name, is_path ? "/var/log" : "vault");
        }
        out.push_back(std::move(door));
    }
    for (const auto* action : {"list", "info", "read", "tail", "search"}) {
        for (const auto* path : {"/var/log", "/var/log/auth.log", "/var/log/syslog"}) {
            out.push_back({.tool = "file_operations",
                           .capability = {"file", "read"},
                           .parameters = {{"action", action}, {"path", path}},
                           .shown = std::string{action} + ' ' + path,
                           .is_for_operators = true});
        }
    }
    for (const auto& [tool, is_for_operators] :
         {std::pair{"get_container_logs", true}, std::pair{"get_container_list", false},
          std::pair{"inspect_container", false}}) {
        out.push_back({.tool = tool,
                       .capability = {"container", "read"},
                       .parameters = {{"name_or_id", "web"}},
                       .shown = tool,
                       .is_for_operators = is_for_operators});
    }
    return out;
}

TEST(SamplePolicy, ShowsViewersNoLogThroughAnyDoor)
{
    for (const auto& door : doors()) {
        EXPECT_EQ(effect("carol@example.com", door), door.is_for_operators ? "deny" : "allow")
            << door.tool << ' ' << door.shown;
    }
}

TEST(SamplePolicy, ShowsOperatorsWhatItKeepsFromViewers)
{
    for (const auto& door : doors()) {
        EXPECT_EQ(effect("bob@example.com", door), "allow") << door.tool << ' ' << door.shown;
    }
}

TEST(SamplePolicy, ShowsNobodyFoldersElsewhereByTheirSize)
{
    for (auto& door : doors()) {
        const auto path = door.parameters.find("parameters.path");
        if (path == door.parameters.end()) continue;
        path->second = std::string{"/root"};
        for (const auto* who : {"carol@example.com", "bob@example.com"}) {
            EXPECT_EQ(effect(who, door), "deny") << who << ' ' << door.shown;
        }
    }
}

TEST(ShippedCommands, ThatShowALogNeedTheRightToReadLogs)
{
    for (const auto& command : tools::CommandCatalogue::shipped().all()) {
        bool shows_a_log = false;
        for (const auto* sign : {"journalctl", "/var/log", "dmesg", "logs "}) {
            shows_a_log = shows_a_log || command.line.find(sign) != std::string::npos;
        }
        EXPECT_EQ(command.capability.text() == "logs:read", shows_a_log) << command.name;
        if (command.line.starts_with("systemctl status")) {
            EXPECT_NE(command.line.find("--lines=0"), std::string::npos) << command.name;
        }
    }
}

}  // namespace
}  // namespace tailops::call
