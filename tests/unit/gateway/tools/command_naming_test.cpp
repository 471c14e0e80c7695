#include "gateway/tools/commands/command_naming.hpp"

#include "gateway/tools/commands/template_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <span>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;
using Words = std::vector<std::string>;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

/// What `{x}` names in a trusted template in which all parameters are names.
std::optional<NamingUse> naming_use(std::string_view line)
{
    std::vector<CommandParameter> parameters(2);
    parameters[0].name = "x";
    parameters[1].name = "y";
    const auto compiled = compile_template(line, parameters, Trust::given);
    if (!compiled) throw std::runtime_error{compiled.error().text};
    auto names = names_in(*compiled, parameters);
    if (!names || !names->contains("x")) return std::nullopt;
    return names->find("x")->second;
}

struct Row {
    std::string_view line;
    Names names;
    Words asked_by;
    std::string suffix{};
    std::string prefix{};
};

void expect(std::span<const Row> rows)
{
    for (const auto& row : rows) {
        const auto use = naming_use(row.line);
        ASSERT_TRUE(use) << row.line;
        EXPECT_EQ(use->names, row.names) << row.line;
        EXPECT_EQ(use->asked_by, row.asked_by) << row.line;
        EXPECT_EQ(use->suffix, row.suffix) << row.line;
        EXPECT_EQ(use->prefix, row.prefix) << row.line;
    }
}

TEST(NamingUse, KnowsProgramsThatTakeAThingByOneOfItsNames)
{
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
    expect(rows);
}

TEST(NamingUse, KnowsThemHoweverTheyAreWritten)
{
    const Row rows[] = {
        {"'systemctl' restart {x}", Names::unit, {"systemctl"}},
        {"\"/usr/bin/systemctl\" \"restart\" {x}", Names::unit, {"/usr/bin/systemctl"}},
        {"s\\ystemctl restart {x}", Names::unit, {"systemctl"}},
        {"systemctl restart \"nginx\" {x}", Names::unit, {"systemctl"}},
        {"exec systemctl restart {x}", Names::unit, {"systemctl"}},
        {"command systemctl restart {x}", Names::unit, {"systemctl"}},
        {"timeout 5 systemctl restart {x}", Names::unit, {"systemctl"}},
        {"busybox timeout 5 systemctl restart {x}", Names::unit, {"systemctl"}},
        {"find /x -exec systemctl restart {x} \\;", Names::unit, {"systemctl"}},
        {"( systemctl restart {x} )", Names::unit, {"systemctl"}},
        {"sudo -u app systemctl --user restart {x}",
         Names::unit,
         {"sudo", "-u", "app", "systemctl", "--user"}},
        {"systemctl -H db restart {x}", Names::unit, {"systemctl", "-H", "db"}},
        {"systemctl kill -s KILL {x}", Names::unit, {"systemctl"}},
        {"systemctl -qn 5 status {x}", Names::unit, {"systemctl"}},
        // Options in one word.
        {"journalctl -xeu {x}", Names::unit, {"systemctl"}},
        {"journalctl -fu {x}", Names::unit, {"systemctl"}},
        {"journalctl -n 5 -ru {x}", Names::unit, {"systemctl"}},
        {"journalctl --user -u {x}", Names::unit, {"systemctl", "--user"}},
        {"docker exec -iu 0 {x} ls", Names::container, {"docker"}},
        {"docker logs -fn 5 {x}", Names::container, {"docker"}},
        {"docker top {x} -eo pid", Names::container, {"docker"}},
        // Elsewhere.
        {"ssh db-02 systemctl restart {x}", Names::unit, {"ssh", "db-02", "systemctl"}},
        {"ssh db-02 journalctl -u {x}", Names::unit, {"ssh", "db-02", "systemctl"}},
        {"docker exec web systemctl restart {x}",
         Names::unit,
         {"docker", "exec", "web", "systemctl"}},
        {"docker container exec web service {x} restart",
         Names::unit,
         {"docker", "container", "exec", "web", "systemctl"}},
        {"DOCKER_HOST=tcp://b:1 docker stop {x}",
         Names::container,
         {"env", "DOCKER_HOST=tcp://b:1", "docker"}},
        // Text around the value.
        {"systemctl restart app-{x}@1.service", Names::unit, {"systemctl"}, "@1.service", "app-"},
        {"docker stop 'web'-{x}-1", Names::container, {"docker"}, "-1", "web-"},
    };
    expect(rows);
}

TEST(NamingUse, LeavesOtherWordsAlone)
{
    for (const std::string_view line :
         {"echo {x}", "du -sh {x}", "journalctl -n {x}", "journalctl -g {x}", "docker images {x}",
          "systemctl -n {x} status ssh", "systemctl status ssh | grep {x}",
          "docker exec web ls {x}", "docker logs --tail {x} web", "docker compose logs {x}",
          "systemctl status {y}", "service ssh {x}", "systemctl status ssh\necho {x}"}) {
        EXPECT_FALSE(naming_use(line)) << line;
    }
}

struct Refusal {
    const char* line;
    const char* why;
};

std::string problems_of(std::string_view line, std::string_view more = "")
{
    yaml::Problems problems;
    const auto text =
        "commands:\n  - name: x\n    description: y\n    command_template: >-\n      " +
        std::string{line} + "\n    trusted: true\n    reason: z\n    parameters: {" +
        std::string{more} + "}\n";
    const auto read = CommandCatalogue::read(text, "commands.yaml", problems);
    return problems.render();
}

TEST(NamingUse, RefusesANameOfSeveralParameters)
{
    for (const auto* line :
         {"systemctl restart {u}.{v}", "systemctl restart {u}@{v}.service", "docker stop {u}-{v}-1",
          "journalctl -n 5 -u {u}@{v}", "docker stop {u}{v}", "docker stop {u}{u}"}) {
        const std::string_view declared =
            std::string_view{line}.find("{v}") == std::string_view::npos ? "u: a" : "u: a, v: b";
        EXPECT_THAT(problems_of(line, declared), HasSubstr("can hold one parameter only")) << line;
    }
    EXPECT_EQ(problems_of("docker stop {u}-{v}-1", "u: {names: nothing}, v: {names: nothing}"), "");
    EXPECT_THAT(problems_of("docker stop {u}-{v}", "u: {names: nothing}, v: b"),
                HasSubstr("can hold one parameter only"));
    EXPECT_THAT(problems_of("/opt/run {u}-{v}", "u: {names: unit}, v: b"),
                HasSubstr("can hold one parameter only"));
}

TEST(NamingUse, RefusesWhatItCannotLookUp)
{
    for (const auto& row : {
             // A place that is not understood.
             Refusal{"journalctl --un {u}", "{u} names a unit or a container is not clear"},
             Refusal{"journalctl -nu {u}", "is not clear"},
             Refusal{"journalctl {u}", "is not clear"},
             Refusal{"journalctl _SYSTEMD_UNIT={u}", "is not clear"},
             Refusal{"journalctl -M box -u {u}", "is not clear"},
             Refusal{"systemctl --us restart {u}", "is not clear"},
             Refusal{"systemctl set-property {u} x", "is not clear"},
             Refusal{"systemctl restart ./{u}", "is not clear"},
             Refusal{"systemctl {u} ssh", "is not clear"},
             Refusal{"docker ps --filter name={u}", "is not clear"},
             Refusal{"docker ps -af {u}", "is not clear"},
             Refusal{"docker run {u}", "is not clear"},
             Refusal{"docker compose stop {u}", "is not clear"},
             Refusal{"docker stop --foo {u}", "is not clear"},
             Refusal{"podman logs -n {u} web", "is not clear"},
             Refusal{"ssh db docker stop {u}", "is not clear"},
             Refusal{"nsenter -t 1 -m systemctl restart {u}", "is not clear"},
             Refusal{"sh -c 'systemctl restart \"$0\"' {u}", "is not clear"},
             Refusal{"nerdctl stop {u}", "is not clear"},
             Refusal{"curl --unix-socket /run/docker.sock http://d/containers/{u}", "is not clear"},
             // A value that gets there by another way.
             Refusal{"echo {u} | xargs journalctl -u", "is not clear"},
             Refusal{"echo {u} | xargs -n 1 sudo docker stop", "is not clear"},
             Refusal{"echo {u} | xargs sh -c 'docker stop \"$0\"'", "is not clear"},
             Refusal{"find /x -name {u} -exec docker stop {} \\;", "is not clear"},
             Refusal{"echo {u} | while read x; do systemctl stop $x; done", "is not clear"},
             Refusal{"systemctl restart $(cat {u})", "is not clear"},
             Refusal{"export DOCKER_HOST=b; docker stop {u}", "is not clear"},
             // One value for several things.
             Refusal{"systemctl stop {u} && docker stop {u}", "names another kind of thing"},
             Refusal{"docker stop {u} && podman stop {u}", "names another kind of thing"},
             Refusal{"systemctl stop {u} && systemctl --user stop {u}", "another kind of thing"},
             Refusal{"systemctl stop {u}.service {u}.socket", "other text around it"},
             Refusal{"docker exec {u} cat x-{u}", "other text around it"},
         }) {
        EXPECT_THAT(problems_of(row.line, "u: a"), HasSubstr(row.why)) << row.line;
        EXPECT_EQ(problems_of(row.line, "u: {names: nothing}"), "") << row.line;
    }
    EXPECT_EQ(problems_of("echo {u} | xargs journalctl -u", "u: {names: unit}"), "");
    EXPECT_EQ(problems_of("journalctl _SYSTEMD_UNIT={u}", "u: {names: unit}"), "");
    EXPECT_EQ(problems_of("sudo systemctl restart {u} && systemctl status {u}", "u: a"), "");
    EXPECT_EQ(problems_of("/opt/deploy/run {u}", "u: a"), "");
}

TEST(NamingUse, RefusesAnIntegerThatNamesAThing)
{
    for (const auto* line :
         {"docker stop {u}", "docker stop 1{u}", "systemctl status {u}", "docker logs {u}"}) {
        EXPECT_THAT(problems_of(line, "u: {type: integer}"), HasSubstr("make it type: name"))
            << line;
        EXPECT_EQ(problems_of(line, "u: {type: integer, names: nothing}"), "") << line;
    }
    EXPECT_THAT(problems_of("/opt/run {u}", "u: {type: integer, names: container}"),
                HasSubstr("an integer is not looked up as a container"));
    EXPECT_EQ(problems_of("docker logs -n {u} web", "u: {type: integer}"), "");
    EXPECT_EQ(problems_of("docker ps -n {u}", "u: {type: integer}"), "");
    EXPECT_EQ(problems_of("journalctl -n {u} -u ssh", "u: {type: integer}"), "");
}

TEST(NamingUse, RefusesNamesThatTheTemplateBelies)
{
    EXPECT_THAT(problems_of("systemctl stop {u}", "u: {names: container}"),
                HasSubstr("its \"names\" says otherwise"));
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
  - {name: around, description: x, command_template: "systemctl stop app-{unit}.service", parameters: {unit: u}}
  - {name: inside, description: x, command_template: "docker cp {box}:/etc/hosts -", parameters: {box: b}, trusted: true, reason: it only reads}
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

TEST(Namings, PutTheTextAroundANameIntoQuestionAndAct)
{
    const auto naming = namings("around", {{"unit", "db"}}).front();
    EXPECT_EQ(argv_of(naming.question).back(), "app-db.service");
    targets::Operation operation;
    naming.act_on(operation, "app-db.service");
    EXPECT_EQ(argv_of(operation), (Words{"systemctl", "stop", "app-db.service"}));
    // The thing itself may be called otherwise.
    naming.act_on(operation, "store.socket");
    EXPECT_EQ(argv_of(operation), (Words{"systemctl", "stop", "store.socket"}));

    const auto inside = namings("inside", {{"box", "web"}}).front();
    EXPECT_EQ(argv_of(inside.question).back(), "web");
    inside.act_on(operation, "4f1c9e2ab7d3");
    EXPECT_EQ(argv_of(operation), (Words{"docker", "cp", "4f1c9e2ab7d3:/etc/hosts", "-"}));
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
