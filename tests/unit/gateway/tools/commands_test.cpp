#include "gateway/core/json.hpp"
#include "gateway/tools/commands/command_template.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace tailops::tools {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Type = CommandParameter::Type;

const std::vector<CommandParameter>& parameters()
{
    static const std::vector<CommandParameter> list = [] {
        std::vector<CommandParameter> out(4);
        const std::array names = {"path", "name", "count", "text"};
        const std::array types = {Type::path, Type::name, Type::integer, Type::text};
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i].name = names.at(i);
            out[i].type = types.at(i);
        }
        out[2].max = 1000;
        return out;
    }();
    return list;
}

CatalogueCommand command(std::string_view text)
{
    CatalogueCommand out;
    out.name = "test";
    auto compiled = compile_template(text, parameters());
    if (!compiled) throw std::runtime_error{compiled.error().text};
    out.argv = std::move(compiled->argv);
    for (const auto& parameter : parameters()) {
        if (compiled->used.contains(parameter.name)) out.parameters.push_back(parameter);
    }
    return out;
}

std::vector<std::string> argv(std::string_view text, const json& values = json::object())
{
    auto bound = command(text).bind(values);
    if (!bound) throw std::runtime_error{bound.error().public_message()};
    return bound->argv;
}

TEST(CommandTemplate, APlainCommandBecomesItsWords)
{
    EXPECT_THAT(argv("du -sh {path}", {{"path", "/var/log"}}),
                ElementsAre("du", "-sh", "/var/log"));
    EXPECT_THAT(argv("  a  'b c'  \"d e\" f\\ g '' "), ElementsAre("a", "b c", "d e", "f g", ""));
    EXPECT_THAT(argv("a \"x\\\"y\\n\" 'x\\ty'"), ElementsAre("a", "x\"y\\n", "x\\ty"));
    EXPECT_THAT(argv("cat unit-{name}.{count}", {{"name", "web"}, {"count", 3}}),
                ElementsAre("cat", "unit-web.3"));
}

TEST(CommandTemplate, NamesPassProgramsThatHandThemToAShell)
{
    EXPECT_THAT(argv("ssh {name} uptime", {{"name", "db-02"}}),
                ElementsAre("ssh", "db-02", "uptime"));
    EXPECT_THAT(argv("grep sh {path}", {{"path", "/x y"}}), ElementsAre("grep", "sh", "/x y"));
}

TEST(CommandTemplate, BracesOfOthersAreLiteral)
{
    EXPECT_THAT(argv("docker ps --format 'table {{.Names}}\\t{{.Status}}'"),
                ElementsAre("docker", "ps", "--format", "table {{.Names}}\\t{{.Status}}"));
    EXPECT_THAT(argv("docker ps --format {{.Names}}"),
                ElementsAre("docker", "ps", "--format", "{{.Names}}"));
    EXPECT_THAT(argv("find {path} -exec du {} +", {{"path", "/x"}}),
                ElementsAre("find", "/x", "-exec", "du", "{}", "+"));
    EXPECT_THAT(argv("echo {{name}}"), ElementsAre("echo", "{{name}}"));
}

TEST(CommandTemplate, APipelineGetsItsValuesAsPositionalParameters)
{
    EXPECT_THAT(argv("find {path} -type f | grep {text} | head -3 ; ls {path}",
                     {{"path", "/x y"}, {"text", "$(id)"}}),
                ElementsAre("/bin/sh", "-c",
                            "find \"${1}\" -type f | grep \"${2}\" | head -3 ; ls \"${1}\"", "sh",
                            "/x y", "$(id)"));
    for (const auto* text : {"a | b", "a > b", "a && b", "a; b", "a $HOME", "a *", "a ~", "A=b c",
                             "cd /", "a `b`", "a \"$b\"", "a # b"}) {
        EXPECT_EQ(argv(text).front(), "/bin/sh") << text;
    }
    for (const auto* text : {"a '|'", "a \\| b", "a '$HOME'", "a b=c", "a 'x*'", "a b#c", "a b~"}) {
        EXPECT_EQ(argv(text).front(), "a") << text;
    }
}

TEST(CommandTemplate, ValuesAreNeverTextOfTheScript)
{
    for (const auto* hostile :
         {"$(touch /tmp/x)", "`id`", "\"; id; \"", "'; id; '", "a b  c", "*", "\\", "${HOME}"}) {
        const auto words = argv("printf '%s' {text} | cat", {{"text", hostile}});
        const auto result = testing::run({.argv = words, .input = {}});
        EXPECT_EQ(result.output, hostile);
        EXPECT_EQ(result.diagnostics, "");
    }
}

struct Refusal {
    const char* text;
    std::size_t offset;
    const char* why;
};

TEST(CommandTemplate, RefusesPlaceholdersThatCouldChangeWhatItDoes)
{
    for (const auto& row : {
             Refusal{"{name} -x", 0, "choose the program"},
             Refusal{"a | {name}", 4, "choose the program"},
             Refusal{"a && {path}", 5, "choose the program"},
             Refusal{"/opt/{name}/run", 0, "choose the program"},
             Refusal{"ls '{name}'", 4, "outside quotes"},
             Refusal{"ls \"x {name}\"", 6, "outside quotes"},
             Refusal{"ls --x={name}", 3, "part of an option"},
             Refusal{"ls -n{count}", 3, "part of an option"},
             Refusal{"ls > {path}", 5, "target of a redirection"},
             Refusal{"ls <{path}", 4, "target of a redirection"},
             Refusal{"ls x{path}", 4, "word of its own"},
             Refusal{"ls {path}x", 3, "word of its own"},
             Refusal{"ls x{name} | b", 4, "word of its own in a template that needs a shell"},
             Refusal{"ls ${name}", 4, "write {name}"},
             Refusal{"ls {other}", 3, "not declared"},
             Refusal{"ls 'b", 3, "never closed"},
             Refusal{"cat <<X", 4, "here-documents"},
             Refusal{"", 0, "empty"},
         }) {
        const auto compiled = compile_template(row.text, parameters());
        ASSERT_FALSE(compiled) << row.text;
        EXPECT_THAT(compiled.error().text, HasSubstr(row.why)) << row.text;
        EXPECT_EQ(compiled.error().offset, row.offset) << row.text;
    }
}

struct ValueRow {
    const char* parameter;
    json value;
    const char* refusal;  // null: accepted
};

TEST(CatalogueCommand, BindChecksEveryValue)
{
    const auto all = command("echo {path} {name} {count} {text}");
    const json good{{"path", "/var/log"}, {"name", "nginx"}, {"count", 5}, {"text", "some words"}};
    ASSERT_TRUE(all.bind(good));
    for (const auto& row : {
             ValueRow{"path", "/srv/my files/*", nullptr},
             ValueRow{"path", "relative", "absolute path"},
             ValueRow{"path", "/a/../b", "absolute path"},
             ValueRow{"path", "-delete", "must not begin with \"-\""},
             ValueRow{"path", "/a\nb", "control characters"},
             ValueRow{"name", "getty@tty1.service", nullptr},
             ValueRow{"name", "a b", "must be a name"},
             ValueRow{"name", "a;b", "must be a name"},
             ValueRow{"name", "../a", "must be a name"},
             ValueRow{"name", "--now", "must not begin with \"-\""},
             ValueRow{"name", "", "must not be empty"},
             ValueRow{"name", std::string(201, 'a'), "at most 200 bytes"},
             ValueRow{"count", 1000, nullptr},
             ValueRow{"count", "7", nullptr},
             ValueRow{"count", 1001, "from 0 to 1000"},
             ValueRow{"count", -1, "must not begin with \"-\""},
             ValueRow{"count", "5x", "whole number"},
             ValueRow{"count", 1.5, "must be text"},
             ValueRow{"text", "it's \"fine\" $(x) | *", nullptr},
             ValueRow{"text", "a\tb", "control characters"},
             ValueRow{"text", std::string{"a\0b", 3}, "control characters"},
             ValueRow{"text", json::array(), "must be text"},
         }) {
        auto values = good;
        values[row.parameter] = row.value;
        const auto bound = all.bind(values);
        EXPECT_EQ(bool(bound), row.refusal == nullptr) << row.parameter << row.value;
        if (!bound && row.refusal) {
            EXPECT_EQ(bound.error().code(), Errc::invalid_argument);
            EXPECT_THAT(bound.error().public_message(), HasSubstr(row.refusal));
            EXPECT_THAT(bound.error().public_message(),
                        HasSubstr(std::string{'"'} + row.parameter));
        }
    }
}

TEST(CatalogueCommand, BindKnowsMissingAndUnknownParameters)
{
    const auto one = command("echo {name}");
    EXPECT_THAT(one.bind(json::object()).error().public_message(),
                HasSubstr(R"(needs the parameter "name")"));
    EXPECT_THAT(one.bind(json{{"name", "x"}, {"nam", "y"}}).error().public_message(),
                HasSubstr(R"(has no parameter "nam"; did you mean "name"?)"));
    EXPECT_FALSE(command("a").bind(json{{"x", "y"}}));
    EXPECT_FALSE(command("a").bind(json::array()));
}

CommandCatalogue read(std::string_view text, std::string& problems)
{
    yaml::Problems found;
    auto out = CommandCatalogue::read(text, "commands.yaml", found);
    problems = found.render();
    return out;
}

TEST(CommandCatalogue, ReadsTheFormatOfTheEarlierSystem)
{
    std::string problems;
    const auto catalogue = read(R"(
commands:
  - name: disk_usage_path
    description: "Show size of a directory"
    command_template: "du -sh {path}"
    category: disk
    parameters:
      path: "Directory to measure"
    dangerous: false
    requires_confirmation: true
    example_usage: "Check size of /var/log"
)",
                                problems);
    EXPECT_EQ(problems, "");
    const auto* found = catalogue.find("disk_usage_path");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->capability.text(), "file:read");  // it takes a path
    EXPECT_EQ(found->tier, Tier::observe);
    EXPECT_TRUE(found->requires_confirmation);
    EXPECT_EQ(found->parameters.at(0).type, Type::path);
    EXPECT_EQ(found->example, "Check size of /var/log");
}

TEST(CommandCatalogue, ACommandThatNamesNoRightNeedsThatOfTheToolThatShowsTheSame)
{
    const auto right_of = [](const std::string& line, const std::string& more) {
        std::string problems;
        const auto catalogue =
            read("commands:\n  - {name: x, description: y, command_template: \"" + line + "\"" +
                     more + "}\n",
                 problems);
        EXPECT_EQ(problems, "");
        return catalogue.find("x")->capability.text();
    };
    EXPECT_EQ(right_of("uptime", ""), "system:read");
    EXPECT_EQ(right_of("ss -t", ", category: network"), "network:read");
    EXPECT_EQ(right_of("docker ps", ", category: docker"), "container:read");
    EXPECT_EQ(right_of("docker logs {n}", ", category: docker, parameters: {n: which}"),
              "logs:read");
    EXPECT_EQ(right_of("journalctl -u {n}", ", category: service, parameters: {n: which}"),
              "logs:read");
    EXPECT_EQ(right_of("tail -n 50 /var/log/syslog", ""), "logs:read");
    EXPECT_EQ(right_of("dmesg | tail", ""), "logs:read");
    EXPECT_EQ(right_of("ls {path}", ", parameters: {path: where}"), "file:read");
    EXPECT_EQ(right_of("ls {n}", ", parameters: {n: which}"), "system:read");
    EXPECT_EQ(right_of("touch {path}", ", dangerous: true, parameters: {path: where}"),
              "system:read");
    EXPECT_EQ(right_of("ls {path}", ", capability: 'system:read', parameters: {path: where}"),
              "system:read");
}

TEST(CommandCatalogue, ReadsTypesRightsAndRules)
{
    std::string problems;
    const auto catalogue = read(R"(
commands:
  - name: restart
    description: "Restart one of two services"
    command_template: systemctl restart {unit}
    category: service
    capability: service:control
    dangerous: true
    parameters:
      unit: {description: "Which", type: name, allowed_values: [nginx, redis]}
  - name: tail_log
    description: "Show the end of a log"
    command_template: tail -n {lines} {log}
    parameters:
      lines: {type: integer, min: 1, max: 50}
      log: {type: path, pattern: "/var/log/.*"}
)",
                                problems);
    EXPECT_EQ(problems, "");
    const auto* restart = catalogue.find("restart");
    ASSERT_TRUE(restart);
    EXPECT_EQ(restart->tier, Tier::control);
    EXPECT_EQ(restart->capability.text(), "service:control");
    EXPECT_TRUE(restart->bind(json{{"unit", "redis"}}));
    EXPECT_FALSE(restart->bind(json{{"unit", "sshd"}}));
    const auto* tail = catalogue.find("tail_log");
    ASSERT_TRUE(tail);
    EXPECT_TRUE(tail->bind(json{{"lines", 50}, {"log", "/var/log/syslog"}}));
    EXPECT_FALSE(tail->bind(json{{"lines", 51}, {"log", "/var/log/syslog"}}));
    EXPECT_FALSE(tail->bind(json{{"lines", 5}, {"log", "/etc/shadow"}}));
}

TEST(CommandCatalogue, TellsEveryMistakeWithItsPlace)
{
    std::string problems;
    read(R"(commands:
  - name: Bad-Name
    description: x
    command_template: echo
  - name: twice
    description: x
    command_template: echo {gone}
  - name: twice
    description: x
    command_template: echo '{path}'
    categroy: disk
    parameters: {path: p}
  - name: unused
    description: x
    command_template: echo
    category: disc
    parameters: {path: p}
  - name: rights
    description: x
    command_template: echo
    capability: sytem:read
  - name: mild
    description: x
    command_template: echo
    dangerous: true
    tier: observe
  - name: strong
    description: x
    command_template: echo
    capability: system:admin
  - name: chosen
    description: x
    command_template: echo {a}
    parameters: {a: {allowed_values: []}}
  - name: named
    description: x
    command_template: echo {a}
    parameters: {a: {names: unti}}
  - name: pattern
    description: x
    command_template: echo {a}
    parameters: {a: {pattern: "(", allowed_values: ["-x"]}}
)",
         problems);
    for (const auto* part : {
             "commands.yaml:2:",
             "must match ^[a-z][a-z0-9_]*$",
             "commands.yaml:7:28: the parameter \"gone\" is not declared",
             "\"twice\" stands twice",
             "must stand outside quotes",
             "did you mean \"category\"?",
             "is declared and does not stand in the template",
             "did you mean \"system:read\"?",
             "a dangerous command has at least the tier control",
             "does not exercise \"system:admin\" at the tier observe",
             "\"allowed_values\" is an empty list",
             "\"names\" cannot be \"unti\"; use one of unit, container, nothing",
             "is no regular expression",
             "must not begin with",
         }) {
        EXPECT_THAT(problems, HasSubstr(part));
    }
}

TEST(CommandCatalogue, RefusesOtherShapes)
{
    for (const auto* text : {"", "commands: 5", "command: []", "- name: x", "commands:\n  - 5",
                             "commands:\n  - name: x\n    description: y\n    command_template: "
                             "z\n    parameters: 5"}) {
        std::string problems;
        read(text, problems);
        EXPECT_NE(problems, "") << text;
    }
}

}  // namespace
}  // namespace tailops::tools
