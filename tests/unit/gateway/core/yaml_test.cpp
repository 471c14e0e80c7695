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
    EXPECT_EQ(problems.render(),
              "/nonexistent/t.yaml: cannot be read: No such file or directory\n");
}

TEST(Yaml, RefusesAnAliasInsideWhatItStandsFor)
{
    for (const auto* text : {"a: &x [1, *x]\n", "a: &x {b: *x}\n", "a: &x {b: {c: [1, *x]}}\n",
                             "&x [*x]\n", "a: &x\n  - *x\n"}) {
        Problems problems;
        parse(text, "t.yaml", problems);
        EXPECT_NE(problems.render().find(
                      "an alias inside the value that it stands for, which would have no end"),
                  std::string::npos)
            << text << problems.render();
    }
    // Anchors that are complete, one in another and one name twice, are as they were.
    Problems problems;
    const auto fine =
        parse("a: &x {b: &y [1, 2], c: *y}\nd: *x\ne: &x [3]\nf: *x\n", "t.yaml", problems);
    MapReader reader{fine, problems, "map"};
    EXPECT_EQ(reader.node("d")->entries().size(), 2U);
    EXPECT_EQ(reader.texts("f"), std::vector<std::string>{"3"});
    EXPECT_TRUE(problems.empty()) << problems.render();
}

/// `levels` lists of `width` aliases of the one before.
std::string nested_aliases(int levels, int width)
{
    std::string text = "l0: &l0 [x]\n";
    for (int level = 1; level <= levels; ++level) {
        text += 'l' + std::to_string(level) + ": &l" + std::to_string(level) + " [";
        for (int i = 0; i < width; ++i) text += "*l" + std::to_string(level - 1) + ", ";
        text += "]\n";
    }
    return text;
}

TEST(Yaml, BoundsWhatAliasesRepeat)
{
    Problems few;
    parse(nested_aliases(5, 9), "t.yaml", few);
    EXPECT_TRUE(few.empty()) << few.render();
    Problems many;
    parse(nested_aliases(9, 9), "t.yaml", many);
    EXPECT_EQ(many.render(),
              "t.yaml:7:30: not valid YAML: the aliases repeat more than 1048576 values and "
              "characters\n");
}

TEST(Yaml, BoundsHowDeepAliasesNest)
{
    Problems flat;
    parse(nested_aliases(60, 1), "t.yaml", flat);
    EXPECT_TRUE(flat.empty()) << flat.render();
    Problems deep;
    parse(nested_aliases(1000, 1), "t.yaml", deep);
    EXPECT_NE(deep.render().find("nested deeper than 64 levels"), std::string::npos)
        << deep.render();
}

TEST(Yaml, ReadsManyKeysInAMoment)
{
    std::string text;
    for (int i = 0; i < 30'000; ++i) text += "k" + std::to_string(i) + ": v\n";
    Problems problems;
    EXPECT_EQ(parse(text, "t.yaml", problems).entries().size(), 30'000U);
    EXPECT_TRUE(problems.empty());
}

}  // namespace
}  // namespace tailops::yaml
