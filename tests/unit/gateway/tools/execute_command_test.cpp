#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/unit/gateway/tools/shell.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace tailops::tools {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// --- the shipped ones
// -----------------------------------------------------------------------------

TEST(ShippedCommands, AreThoseOfTheFileByteForByte)
{
    std::ifstream file{tailops::testing::source_file("deploy/commands.yaml")};
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), shipped_commands_text());
    yaml::Problems problems;
    const auto read = CommandCatalogue::read(shipped_commands_text(), "commands.yaml", problems);
    EXPECT_EQ(problems.render(), "");
    EXPECT_EQ(read.all().size(), 39U);
    EXPECT_EQ(CommandCatalogue::shipped().all().size(), 39U);
}

TEST(ShippedCommands, ACallerWhoMayReadMayRunAll)
{
    const auto granted = expand_scopes({"readonly"});
    for (const auto& entry : CommandCatalogue::shipped().all()) {
        EXPECT_TRUE(granted.contains(entry.capability)) << entry.name;
        EXPECT_EQ(entry.tier, Tier::observe) << entry.name;
    }
}

bool succeeds(const char* line)
{
    return std::system(line) == 0;
}

bool is_there(const std::string& program)
{
    return succeeds(("command -v " + program + " >/dev/null 2>&1").c_str());
}

/// The program that a template stands on, and what else it needs to be running.
std::string program_of(const CatalogueCommand& entry)
{
    return entry.line.substr(0, entry.line.find(' '));
}

bool can_work_here(const std::string& name, const std::string& program)
{
    if (program == "docker") return succeeds("docker info >/dev/null 2>&1");
    if (program == "systemctl") return succeeds("systemctl is-system-running >/dev/null 2>&1");
    if (name == "docker_logs" || name == "service_status") return false;
    if (name == "sudo_users") return succeeds("getent group sudo >/dev/null");
    if (program == "dmesg") return true;
    return is_there(program);
}

TEST(ShippedCommands, AllRunOrFailInTheirProgramsOwnWords)
{
    const json values{{"path", "/etc"}, {"service_name", "ssh"}, {"container_name", "web"}};
    for (const auto& entry : CommandCatalogue::shipped().all()) {
        SCOPED_TRACE(entry.name);
        auto given = json::object();
        for (const auto& parameter : entry.parameters)
            given[parameter.name] = values.at(parameter.name);
        const auto bound = entry.bind(given);
        ASSERT_TRUE(bound) << bound.error().describe();
        const auto result = testing::run(*bound);
        const auto program = program_of(entry);
        if (can_work_here(entry.name, program)) {
            EXPECT_EQ(result.status, 0) << result.diagnostics;
            // Nobody may be logged in.
            EXPECT_TRUE(entry.name == "logged_in_users" || !result.output.empty());
        } else if (!is_there(program) && entry.line.find("||") == std::string::npos) {
            EXPECT_THAT(result.diagnostics, HasSubstr("not found"));
        } else if (entry.line.find('|') == std::string::npos) {
            EXPECT_NE(result.diagnostics + result.output, "");  // the program says why
        }
    }
}

using testing::Shell;

class ShippedCommandsIn : public ::testing::TestWithParam<Shell> {};

TEST_P(ShippedCommandsIn, ListProcessesAndFilesWithoutAnErrorOfAnyProgram)
{
    // What follows the columns' names, or the whole where there are none.
    const std::map<std::string, std::size_t> lines{
        {"top_processes", 11}, {"top_memory_processes", 11}, {"largest_files", 10}};
    for (const auto& [name, most] : lines) {
        SCOPED_TRACE(name);
        const auto* const entry = CommandCatalogue::shipped().find(name);
        ASSERT_NE(entry, nullptr);
        auto given = json::object();
        for (const auto& parameter : entry->parameters) given[parameter.name] = "/etc";
        const auto result = testing::run(entry->bind(given).value(), GetParam());
        EXPECT_EQ(result.status, 0);
        EXPECT_EQ(result.diagnostics, "");
        const auto found = std::ranges::count(result.output, '\n');
        EXPECT_GT(found, 1) << result.output;
        EXPECT_LE(found, most) << result.output;
    }
}

INSTANTIATE_TEST_SUITE_P(Shells,
                         ShippedCommandsIn,
                         ::testing::Values(Shell::dash, Shell::busybox),
                         [](const auto& row) { return testing::to_string(row.param); });

// --- execute_command
// ------------------------------------------------------------------------------

Result<Plan> execute(const json& arguments)
{
    return find("execute_command")
        ->plan(arguments, {.target = nullptr, .commands = &CommandCatalogue::shipped()});
}

TEST(ExecuteCommand, ShowsPolicyWhatItIsAbout)
{
    const auto plan =
        execute({{"command_name", "disk_usage_path"}, {"parameters", {{"path", "/var//log/"}}}});
    ASSERT_TRUE(plan) << plan.error().describe();
    EXPECT_EQ(plan->right.capability.text(), "file:read");
    EXPECT_EQ(std::get<std::string>(plan->parameters.at("command_name")), "disk_usage_path");
    EXPECT_EQ(std::get<std::string>(plan->parameters.at("parameters.path")), "/var/log");
    EXPECT_EQ(std::get<bool>(plan->parameters.at("requires_confirmation")), false);
    EXPECT_THAT(std::get<targets::Command>(plan->operation).argv,
                ElementsAre("du", "-sh", "/var/log"));
}

TEST(ExecuteCommand, SuggestsTheNearestCommand)
{
    const auto plan = execute({{"command_name", "disk_usge"}});
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code(), Errc::not_found);
    EXPECT_THAT(plan.error().public_message(), HasSubstr("did you mean \"disk_usage\"?"));
}

TEST(ExecuteCommand, KeepsTheOutputOfACommandThatFailed)
{
    const auto plan =
        execute({{"command_name", "service_status"}, {"parameters", {{"service_name", "nginx"}}}});
    ASSERT_TRUE(plan);
    targets::ExecutionResult result;
    result.status = 3;
    result.output = "nginx.service - inactive (dead)\n";
    result.diagnostics = "a warning\n";
    const auto content = told(plan->present(result));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->at("success"), false);
    EXPECT_EQ(content->at("exit_code"), 3);
    EXPECT_EQ(content->at("output"), "nginx.service - inactive (dead)\n");
    EXPECT_EQ(content->at("error"), "a warning");
    result.status = -1;
    result.signal = "KILL";
    EXPECT_EQ(told(plan->present(result))->at("signal"), "KILL");
    EXPECT_EQ(told(plan->present(result))->at("success"), false);
}

TEST(ExecuteCommand, SaysWhenOutputWasCut)
{
    const auto plan = execute({{"command_name", "uptime"}});
    targets::ExecutionResult result;
    result.output = "abc\xff";
    result.output_bytes = 100'000;
    result.truncated = true;
    const auto content = told(plan->present(result));
    EXPECT_EQ(content->at("truncated"), true);
    EXPECT_EQ(content->at("stdout_bytes"), 100'000);
    EXPECT_EQ(content->at("output"), "abc\xEF\xBF\xBD");
}

TEST(ExecuteCommand, ShowsBothEndsOfWhatWasCut)
{
    const auto plan = execute({{"command_name", "uptime"}});
    EXPECT_EQ(plan->rest, Plan::Rest::kept);
    targets::ExecutionResult result;
    result.output = "1\n2\n3\n4\n5\n6\n7\n8\n";
    result.output_tail = "96\n97\n98\n99\n100\n";
    result.output_bytes = 292;
    result.output_lines = 100;
    result.diagnostics = result.output;
    result.diagnostics_tail = result.output_tail;
    result.diagnostics_bytes = 292;
    result.diagnostics_lines = 100;
    result.truncated = true;
    const auto content = told(plan->present(result));
    EXPECT_TRUE(validate_against(*parse_json(find("execute_command")->output_schema), *content));
    EXPECT_EQ(content->at("output"), "1\n2\n3\n4\n5\n6\n");
    EXPECT_EQ(content->at("output_tail"), "100\n");
    EXPECT_EQ(content->at("stdout_lines"), 100);
    EXPECT_EQ(content->at("error"), "1\n2\n3\n4\n5\n6");
    EXPECT_EQ(content->at("error_tail"), "100\n");
    EXPECT_EQ(content->at("stderr_bytes"), 292);
}

}  // namespace
}  // namespace tailops::tools
