#include "gateway/tools/command_naming.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;
using Words = std::vector<std::string>;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(NamingUse, KnowsProgramsThatTakeAThingByOneOfItsNames)
{
    struct Row {
        std::string_view line;
        Names names;
        Words asked_by;
        std::string suffix{};
    };
    const Row rows[] = {
        {"systemctl status {x} --no-pager", Names::unit, {"systemctl"}},
        {"systemctl --user restart {x}", Names::unit, {"systemctl", "--user"}},
        {"/usr/bin/systemctl -n 5 status {x}", Names::unit, {"/usr/bin/systemctl"}},
        {"sudo -n systemctl restart {x}", Names::unit, {"sudo", "-n", "systemctl"}},
        {"systemctl restart {x}.service", Names::unit, {"systemctl"}, ".service"},
        {"journalctl -u {x} -n 50", Names::unit, {"systemctl"}},
        {"journalctl --user-unit {x}", Names::unit, {"systemctl", "--user"}},
        {"service {x} restart", Names::unit, {"systemctl"}},
        {"true && systemctl is-active {x} | cat", Names::unit, {"systemctl"}},
        {"LANG=C systemctl restart {x}", Names::unit, {"systemctl"}},
        {"date; systemctl stop {x}; date", Names::unit, {"systemctl"}},
        {"docker logs --tail 50 {x}", Names::container, {"docker"}},
        {"docker logs -f {x}", Names::container, {"docker"}},
        {"docker -H tcp://b:2375 container restart -t 5 {x}",
         Names::container,
         {"docker", "-H", "tcp://b:2375"}},
        {"docker --context far stop {x}", Names::container, {"docker", "--context", "far"}},
        {"podman stop db {x}", Names::container, {"podman"}},
        {"docker exec -u root {x} ls", Names::container, {"docker"}},
        {"docker cp {x}:/etc/hosts -", Names::container, {"docker"}},
    };
    for (const auto& row : rows) {
        const auto use = naming_use(row.line, "x");
        ASSERT_TRUE(use) << row.line;
        EXPECT_EQ(use->names, row.names) << row.line;
        EXPECT_EQ(use->asked_by, row.asked_by) << row.line;
        EXPECT_EQ(use->suffix, row.suffix) << row.line;
    }
}

TEST(NamingUse, LeavesOtherWordsAlone)
{
    for (const std::string_view line :
         {"echo {x}", "du -sh {x}", "journalctl -n {x}", "journalctl -g {x}", "docker images {x}",
          "systemctl -n {x} status ssh", "systemctl status ssh | grep {x}",
          "docker exec web ls {x}", "docker logs --tail {x} web", "docker compose logs {x}",
          "systemctl status {y}", "service ssh {x}", "systemctl status ssh\necho {x}"}) {
        EXPECT_FALSE(naming_use(line, "x")) << line;
    }
}

CommandCatalogue catalogue(std::string_view text)
{
    yaml::Problems problems;
    auto out = CommandCatalogue::read(text, "commands.yaml", problems);
    EXPECT_TRUE(problems.empty()) << problems.render();
    return out;
}

const auto commands = R"(commands:
  - {name: restart, description: x, command_template: "systemctl restart {unit}", parameters: {unit: u}}
  - {name: both, description: x, command_template: "systemctl stop {unit} && docker stop {box}", parameters: {unit: u, box: b}}
  - {name: own, description: x, command_template: "/opt/restart {what}", parameters: {what: {description: w, names: unit}}, trusted: true, reason: it restarts one unit}
  - {name: told, description: x, command_template: "systemctl show {unit}", parameters: {unit: {description: w, names: nothing}}}
  - {name: suffixed, description: x, command_template: "systemctl stop {unit}.service", parameters: {unit: u}}
  - {name: plain, description: x, command_template: "echo {word}", parameters: {word: w}}
)";

std::vector<Naming> namings(const char* name, const CatalogueCommand::Values& values)
{
    return namings_of(*catalogue(commands).find(name), values);
}

const Words& argv_of(const targets::Operation& operation)
{
    return std::get<targets::Command>(operation).argv;
}

targets::ExecutionResult printed(std::string output, int status = 0, std::string diagnostics = {})
{
    targets::ExecutionResult result;
    result.status = status;
    result.output = std::move(output);
    result.diagnostics = std::move(diagnostics);
    return result;
}

TEST(Namings, AskWithoutChangingAnything)
{
    const auto restart = namings("restart", {{"unit", "sshd"}});
    ASSERT_EQ(restart.size(), 1U);
    EXPECT_EQ(restart[0].parameter, "parameters.unit");
    EXPECT_EQ(argv_of(restart[0].question),
              (Words{"systemctl", "show", "--property=Id", "--property=Names", "--", "sshd"}));
    const auto own = namings("own", {{"what", "sshd"}});
    ASSERT_EQ(own.size(), 1U) << "as its file says";
    EXPECT_EQ(argv_of(own[0].question).front(), "systemctl");
    EXPECT_TRUE(namings("told", {{"unit", "sshd"}}).empty());
    EXPECT_TRUE(namings("plain", {{"word", "sshd"}}).empty());
}

TEST(Namings, FindTheUnitBehindItsAliases)
{
    const auto naming = namings("restart", {{"unit", "sshd"}}).front();
    const auto named = naming.read(printed("Id=ssh.service\nNames=ssh.service sshd.service\n"));
    ASSERT_TRUE(named && *named);
    EXPECT_EQ((*named)->name, "ssh.service");
    EXPECT_EQ((*named)->aliases.same, Words{"ssh"});
    EXPECT_THAT((*named)->aliases.others,
                UnorderedElementsAre("ssh.service", "ssh", "sshd.service", "sshd", "sshd"));
    targets::Operation operation;
    naming.act_on(operation, (*named)->exact);
    EXPECT_EQ(argv_of(operation), (Words{"systemctl", "restart", "ssh.service"}));
}

TEST(Namings, AnInstanceIsItsTemplateToo)
{
    const auto naming = namings("restart", {{"unit", "getty@tty1"}}).front();
    const auto named = naming.read(printed("Id=getty@tty1.service\nNames=getty@tty1.service\n"));
    ASSERT_TRUE(named && *named);
    EXPECT_THAT((*named)->aliases.others,
                UnorderedElementsAre("getty@tty1.service", "getty@tty1", "getty@.service", "getty@",
                                     "getty@tty1"));
}

TEST(Namings, AUnitThatIsNotClearIsRefused)
{
    struct Row {
        const char* word;
        targets::ExecutionResult told;
        const char* why;
    };
    const Row rows[] = {
        {"ssh*", printed("Id=ssh.service\nNames=ssh.service\n"), "not a pattern"},
        {"1234", printed("Id=1234\n"), "e.g. \"1234.service\""},
        {"ssh", printed("Id=a.service\nNames=a.service\n\nId=b.service\n"), "several"},
        {"ssh", printed("", 1, "Failed to connect to bus"), "does not tell"},
        {"ssh", printed(""), "does not tell"},
    };
    for (const auto& row : rows) {
        const auto read = namings("own", {{"what", row.word}}).front().read(row.told);
        ASSERT_FALSE(read) << row.why;
        EXPECT_EQ(read.error().code(), Errc::invalid_argument);
        EXPECT_THAT(read.error().public_message(), HasSubstr(row.why));
    }
}

TEST(Namings, ActOnEverythingThatWasFound)
{
    const auto found = namings("both", {{"unit", "sshd"}, {"box", "4f1c"}});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(argv_of(found[0].question).back(), "sshd");
    EXPECT_EQ(argv_of(found[1].question), (Words{"docker", "inspect", "--type", "container",
                                                 "--format", "{{.Id}} {{.Name}}", "4f1c"}));
    targets::Operation operation;
    found[0].act_on(operation, "ssh.service");
    found[1].act_on(operation, "4f1c9e2ab7d3");
    const auto& argv = argv_of(operation);
    EXPECT_EQ((Words{argv.end() - 2, argv.end()}), (Words{"ssh.service", "4f1c9e2ab7d3"}));
}

TEST(Namings, KeepWhatStandsBehindAName)
{
    const auto naming = namings("suffixed", {{"unit", "sshd"}}).front();
    EXPECT_EQ(argv_of(naming.question).back(), "sshd.service");
    targets::Operation operation;
    naming.act_on(operation, "ssh.service");
    EXPECT_EQ(argv_of(operation), (Words{"systemctl", "stop", "ssh.service"}));
}

TEST(Namings, FindTheContainerBehindItsId)
{
    const auto naming = namings("both", {{"unit", "sshd"}, {"box", "4f1c"}})[1];
    const std::string id = "4f1c9e2ab7d3" + std::string(52, '0');
    const auto named = naming.read(printed(id + " /db\n"));
    ASSERT_TRUE(named && *named);
    EXPECT_EQ((*named)->name, "db");
    EXPECT_EQ((*named)->exact, id);
    EXPECT_TRUE((*named)->aliases.same.empty()) << "an allowing rule goes by the name";
    EXPECT_THAT((*named)->aliases.others, UnorderedElementsAre("4f1c", id, "4f1c9e2ab7d3"));

    const auto none = naming.read(printed("", 1, "Error: No such container: 4f1c\n"));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    for (const auto& told : {printed("", 1, "permission denied"), printed("x /db\n"),
                             printed(id + " \n"), printed("")}) {
        EXPECT_FALSE(naming.read(told)) << told.output;
    }
}

}  // namespace
}  // namespace tailops::tools
