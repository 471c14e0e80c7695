#include "gateway/core/yaml.hpp"

#include <gtest/gtest.h>

namespace tailops::yaml {
namespace {

using namespace std::chrono_literals;

TEST(Yaml, TellsEveryProblemWithItsPlaceAndRemedy)
{
    Problems problems;
    const auto root = parse("name: x\ncapabilites: [a]\nport: many\n", "t.yaml", problems);
    MapReader reader{root, problems, "target"};
    reader.text("name");
    reader.texts("capabilities");
    reader.integer("port", 1, 65535);
    reader.required_text("host");
    reader.finish();
    EXPECT_EQ(problems.render(),
              "t.yaml:1:1: target lacks \"host\"\n"
              "t.yaml:2:1: unknown key \"capabilites\"; did you mean \"capabilities\"?\n"
              "t.yaml:3:7: \"port\": \"many\" is not a whole number\n");
}

TEST(Yaml, RefusesADuplicateKeyThatWouldSilentlyWin)
{
    Problems problems;
    parse("a: 1\nb: 2\na: 3\n", "t.yaml", problems);
    EXPECT_EQ(problems.render(), "t.yaml:3:1: the key \"a\" stands twice\n");
}

TEST(Yaml, TellsSyntaxErrorsAndSecondDocuments)
{
    Problems problems;
    parse("a: [1, 2\n", "t.yaml", problems);
    ASSERT_EQ(problems.all().size(), 1U);
    EXPECT_TRUE(problems.all()[0].text.starts_with("not valid YAML"));
    Problems more;
    parse("a: 1\n---\nb: 2\n", "t.yaml", more);
    EXPECT_FALSE(more.empty());
}

TEST(Yaml, BoundsTheDepth)
{
    Problems problems;
    parse(std::string(200, '[') + std::string(200, ']'), "t.yaml", problems);
    EXPECT_FALSE(problems.empty());
}

TEST(Yaml, DoesNotTakeQuotedWordsForOtherTypes)
{
    Problems problems;
    const auto root = parse("a: \"true\"\nb: yes\nc: \"5\"\nd: 5m\n", "t.yaml", problems);
    MapReader reader{root, problems, "map"};
    EXPECT_FALSE(reader.boolean("a"));
    EXPECT_EQ(reader.boolean("b"), true);
    EXPECT_FALSE(reader.integer("c", 0, 9));
    EXPECT_EQ(reader.duration("d"), 5min);
    EXPECT_EQ(problems.all().size(), 2U);
}

TEST(Yaml, ReadsJsonAndAliases)
{
    Problems problems;
    const auto json = parse(R"({"a": ["x", "y"]})", "t.json", problems);
    MapReader reader{json, problems, "map"};
    EXPECT_EQ(reader.texts("a").size(), 2U);
    const auto aliased = parse("a: &x [1, 2]\nb: *x\n", "t.yaml", problems);
    MapReader second{aliased, problems, "map"};
    EXPECT_EQ(second.texts("b").size(), 2U);
    EXPECT_TRUE(problems.empty()) << problems.render();
}

TEST(Yaml, ComplainsOfAWordThatIsNoChoice)
{
    Problems problems;
    const auto root = parse("mode: tokn\n", "t.yaml", problems);
    MapReader reader{root, problems, "auth"};
    EXPECT_FALSE(reader.choice("mode", {"oidc", "token"}));
    EXPECT_EQ(problems.render(),
              "t.yaml:1:7: \"mode\" cannot be \"tokn\"; use one of oidc, token\n");
}

TEST(Yaml, TellsOfAFileThatIsNotThere)
{
    Problems problems;
    load("/nonexistent/t.yaml", problems);
    EXPECT_EQ(problems.render(), "/nonexistent/t.yaml:1:1: cannot be read\n");
}

}  // namespace
}  // namespace tailops::yaml
