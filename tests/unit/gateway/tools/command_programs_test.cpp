#include "gateway/tools/commands/command_template.hpp"
#include "tests/unit/gateway/tools/template_neighbours.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tailops::tools {
namespace {

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

struct Refusal {
    const char* text;
    std::size_t offset;
    const char* why;
};

TEST(CommandTemplate, LetsNoParameterBecomeAProgramOrTextOfAShell)
{
    for (const auto& row : programs()) {
        for (const auto* text : row.refused) {
            const auto compiled = compile_template(text, parameters());
            EXPECT_FALSE(compiled) << text;
        }
        for (const auto* text : row.allowed) {
            const auto compiled = compile_template(text, parameters());
            EXPECT_TRUE(compiled) << text << ": " << compiled.error().text;
        }
    }
}

CommandCatalogue read(std::string_view text, std::string& problems)
{
    yaml::Problems found;
    auto out = CommandCatalogue::read(text, "commands.yaml", found);
    problems = found.render();
    return out;
}

TEST(CommandTemplate, TakesWhatATrustedEntryAnswersFor)
{
    for (const auto* text : {"sudo -u root {name}", "sh -c {text}", "mytool {path}", "{name} -x",
                             "echo {text} | sh", "ls $(cat {path})"}) {
        const auto untrusted = compile_template(text, parameters());
        ASSERT_FALSE(untrusted) << text;
        EXPECT_TRUE(untrusted.error().can_be_trusted) << text;
        EXPECT_TRUE(compile_template(text, parameters(), Trust::given)) << text;
    }
    for (const auto* text : {"ls '{name}'", "ls > {path}", "ls --x={name}", "ls {other}"}) {
        const auto refused = compile_template(text, parameters(), Trust::given);
        ASSERT_FALSE(refused) << text;
        EXPECT_FALSE(refused.error().can_be_trusted) << text;
    }
}

TEST(CommandCatalogue, TrustsATemplateOnlyWithAReason)
{
    const auto problems_of = [](const std::string& more) {
        std::string problems;
        read(
            "commands:\n  - name: x\n    description: y\n    command_template: mytool {path}\n"
            "    parameters: {path: p}\n" +
                more,
            problems);
        return problems;
    };
    EXPECT_EQ(problems_of("    trusted: true\n    reason: it only reads\n"), "");
    EXPECT_THAT(problems_of(""), HasSubstr("commands.yaml:4:30: what \"mytool\" does"));
    EXPECT_THAT(problems_of(""), HasSubstr("or say trusted: true and why in \"reason\""));
    EXPECT_THAT(problems_of("    trusted: true\n"), HasSubstr("6:14: a trusted command needs a"));
    EXPECT_THAT(problems_of("    trusted: true\n    reason: \"\"\n"),
                HasSubstr("needs a \"reason\""));
    EXPECT_THAT(problems_of("    trusted: true\n    reason: \" \"\n"),
                HasSubstr("needs a \"reason\""));
    EXPECT_THAT(problems_of("    reason: x\n"), HasSubstr("is for commands with trusted: true"));
    EXPECT_THAT(problems_of("    trusted: false\n"), HasSubstr("what \"mytool\" does"));
    EXPECT_THAT(problems_of("    trusted: perhaps\n    reason: x\n"), HasSubstr("trusted"));
}

TEST(CommandCatalogue, TellsOfTrustedCommands)
{
    yaml::Problems found;
    const auto catalogue = CommandCatalogue::read(
        "commands:\n  - {name: x, description: y, command_template: 'sh -c {text}',\n"
        "     parameters: {text: {type: text}}, trusted: true, reason: the lab only}\n",
        "commands.yaml", found);
    EXPECT_EQ(found.render(), "");
    ASSERT_EQ(found.notices().size(), 1U);
    EXPECT_EQ(found.notices().front().text,
              "the command \"x\" is trusted with its values: the lab only");
    EXPECT_EQ(catalogue.find("x")->trusted_because, "the lab only");
}

TEST(CommandTemplate, TellsWhereAndWhy)
{
    for (const auto& row : {
             Refusal{"sudo -u root {name}", 13, "a parameter cannot choose the program"},
             Refusal{"timeout -s KILL 5 sh -c {text}", 24, "handed to a shell or an interpreter"},
             Refusal{"echo {text} | sh", 14, "handed to a shell or an interpreter"},
             Refusal{"mytool {path}", 7, "what \"mytool\" does with what a parameter gives it"},
             Refusal{"sudo --foo ls {path}", 5, "what \"--foo\" means to \"sudo\" is not known"},
             Refusal{"sudo -u {name} ls", 8, "cannot be an option of \"sudo\""},
             Refusal{"$SHELL -c {text}", 0, "the program must be written out"},
             Refusal{"ls $( {name} )", 3, "a command substitution cannot stand beside"},
             Refusal{"[[ {text} -eq 1 ]]", 0, "\"[[\" cannot stand beside a parameter"},
             Refusal{"eval $1; ls {path}", 0, "cannot stand beside a parameter"},
             Refusal{"docker run {name}", 7, "what \"docker run"},
             Refusal{"systemctl enable {path}", 17, "must be a name or an integer"},
             Refusal{"ls | tee {path}", 9, "a file that tee writes"},
             Refusal{"x={text}; ls", 0, "a parameter must be a word"},
         }) {
        const auto compiled = compile_template(row.text, parameters());
        ASSERT_FALSE(compiled) << row.text;
        if (std::string_view{row.text}.starts_with("x=")) continue;
        EXPECT_THAT(compiled.error().text, HasSubstr(row.why)) << row.text;
        EXPECT_EQ(compiled.error().offset, row.offset) << row.text;
    }
}

TEST(CommandTemplate, LetsAnyProgramHaveValuesThatTheFileLists)
{
    auto listed = parameters();
    listed[1].allowed_values = {"start", "stop"};
    EXPECT_TRUE(compile_template("/opt/tool {name} {count}", listed));
    EXPECT_FALSE(compile_template("/opt/tool {name} {path}", listed));
    EXPECT_FALSE(compile_template("{name} now", listed));
    EXPECT_FALSE(compile_template("sh -c {name}", listed));
}

TEST(CommandTemplate, WithoutParametersMayDoAnything)
{
    for (const auto* text : {"sh -c 'id'", "cat /x | sh", "for f in /etc/*; do wc -l $f; done",
                             "echo $(date) `id` # it", "eval $X", "[[ -f /x ]] && mytool"}) {
        EXPECT_TRUE(compile_template(text, parameters())) << text;
    }
}

}  // namespace
}  // namespace tailops::tools
