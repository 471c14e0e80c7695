#include "gateway/app/arguments.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::app {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

const json schema{{"properties",
                   {{"command_name", {{"type", "string"}}},
                    {"lines", {{"type", "integer"}}},
                    {"paths", {{"type", "array"}}},
                    {"parameters", {{"type", "object"}}}}}};

TEST(Arguments, HaveTheTypesOfTheSchema)
{
    const auto read = read_arguments(
        {"command_name=5", "lines=5", "paths=a,b", "parameters.x=3", "parameters.y=z"}, schema);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(*read, (json{{"command_name", "5"},
                           {"lines", 5},
                           {"paths", {"a", "b"}},
                           {"parameters", {{"x", "3"}, {"y", "z"}}}}));
}

TEST(Arguments, AreNeverDroppedForOthers)
{
    struct Row {
        Words words;
        const char* refusal;
    };
    const Row rows[] = {
        {{"lines=5", "lines=6"}, "\"lines\" is given twice; give it once"},
        {{"lines=5", "lines=5"}, "\"lines\" is given twice; give it once"},
        {{"parameters.x=3", "parameters.x=4"}, "\"parameters.x\" is given twice; give it once"},
        {{"parameters={}", "parameters.x=4"},
         "\"parameters\" is given as a whole and in parts; give all of it as parameters=JSON, or "
         "each member as parameters.NAME=value"},
        {{"parameters=5", "parameters.x=3"}, "\"parameters\" is given as a whole and in parts"},
        {{"parameters.x=3", "parameters=5"}, "\"parameters\" is given as a whole and in parts"},
        {{"lines"}, "\"lines\" is not key=value"},
        {{"=5"}, "\"=5\" is not key=value"},
    };
    for (const auto& [words, refusal] : rows) {
        const auto read = read_arguments(words, schema);
        ASSERT_FALSE(read) << words.front();
        EXPECT_EQ(read.error().code(), Errc::invalid_argument);
        EXPECT_TRUE(read.error().public_message().starts_with(refusal))
            << read.error().public_message();
    }
}

TEST(Arguments, NameOneTarget)
{
    EXPECT_EQ(with_target({"lines=5"}, "web"), (Words{"lines=5", "target=web"}));
    EXPECT_EQ(with_target({"target=web"}, ""), Words{"target=web"});
    const auto two = with_target({"lines=5", "target=web"}, "local");
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().public_message(),
              "\"target=web\" names a target, and so does --target; leave one of them out");
}

}  // namespace
}  // namespace tailops::app
