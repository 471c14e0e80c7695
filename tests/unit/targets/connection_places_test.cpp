#include "targets/targets_file.hpp"

#include <gtest/gtest.h>

/// What is wrong with a connection or a constraint is told where it stands, with reason and remedy.
namespace tailops::targets {
namespace {

/// What is said to one target, whose connection and constraints begin on lines 5 and 6.
struct Told {
    std::string problems;
    std::string notices;
};

Told told(const std::string& text)
{
    yaml::Problems problems;
    read_targets(text, "t.yaml", [](const std::string&) { return std::nullopt; }, problems);
    Told out{.problems = problems.render(), .notices = {}};
    for (const auto& notice : problems.notices()) out.notices += yaml::Problems::render(notice);
    return out;
}

std::string told_of_http(const std::string& connection)
{
    return told("version: \"1.0\"\ntargets:\n  a:\n    type: http\n    connection: {" + connection +
                "}\n    capabilities: []\n")
        .problems;
}

Told told_of_paths(const std::string& paths)
{
    return told(
        "version: \"1.0\"\ntargets:\n  a:\n    type: local\n    capabilities: []\n    "
        "constraints: {allowed_paths: [" +
        paths + "]}\n");
}

struct Row {
    const char* text;
    const char* says;  // empty: nothing
};

TEST(Connection, SaysWhatIsWrongWithAnApiWhereItStands)
{
    for (const auto& [text, says] : {
             Row{"base_url: \"https://h/v1\", paths: [/nodes, /a%20b]", ""},
             Row{"base_url: \"http://h/a?b\"",
                 "t.yaml:5:28: \"base_url\": \"http://h/a?b\" has a query, which is no part of a "
                 "base URL; leave it out, a call gives its own\n"},
             Row{"base_url: \"http://h/../x\"",
                 "t.yaml:5:28: \"base_url\": the base URL \"http://h/../x\" cannot be used: the "
                 "path \"/../x\" is refused: it has \".\" or \"..\" segments\n"},
             Row{"base_url: \"http://h/%41\"", "; write \"/A\"\n"},
             Row{"base_url: \"http://h\", paths: [\"/a/../b\"]",
                 "t.yaml:5:47: \"paths\": the path \"/a/../b\" is refused: it has \".\" or"},
             Row{"base_url: \"http://h\", paths: [\"/a?b\"]", "it has a query or a fragment"},
             Row{"base_url: \"http://h\", auth: {scheme: basic, username: \"a:b\", credential: "
                 "\"env:X\"}",
                 "t.yaml:5:72: \"username\": the user name \"a:b\" has a \":\""},
             Row{"base_url: \"http://h\", auth: {scheme: header, header: Host, credential: "
                 "\"env:X\"}",
                 "t.yaml:5:71: \"header\": \"Host\" cannot carry a credential; write the header"},
         }) {
        const auto problems = told_of_http(text);
        EXPECT_NE(problems.find(says), std::string::npos) << text << ": " << problems;
        EXPECT_EQ(problems.empty(), *says == '\0') << text << ": " << problems;
    }
}

// It was read, never sent, and nobody was told.
TEST(Connection, RefusesACredentialThatNothingSends)
{
    constexpr auto why =
        "\"credential\" would never be sent; say how with \"scheme\": bearer, basic or header, or "
        "leave it out\n";
    EXPECT_EQ(told_of_http("base_url: \"http://h\", auth: {credential: \"file:/x\"}"),
              std::string{"t.yaml:5:47: "} + why);
    EXPECT_EQ(told_of_http("base_url: \"http://h\", auth: {scheme: none, credential: \"env:X\"}"),
              std::string{"t.yaml:5:61: "} + why);
    EXPECT_EQ(told_of_http("base_url: \"http://h\", auth: {scheme: none}"), "");
    EXPECT_EQ(told_of_http("base_url: \"http://h\", auth: {scheme: bearer, credential: \"env:X\"}"),
              "");
}

TEST(Connection, SaysWhatIsWrongWithAnEngineWhereItStands)
{
    const auto problems =
        told(
            "version: \"1.0\"\ntargets:\n  d:\n    type: docker\n    connection: {host: "
            "\"tcp://h/path\"}\n    capabilities: []\n")
            .problems;
    EXPECT_EQ(problems, "t.yaml:5:24: \"tcp://h/path\" has a path\n");
}

TEST(Constraints, TakeAllowedPathsAsTheyAreWritten)
{
    EXPECT_EQ(told_of_paths("/var/log, /srv/, /").problems, "");
    EXPECT_EQ(
        told_of_paths("/ok, \"/srv \"").problems,
        "t.yaml:6:40: the allowed path \"/srv \" has blanks or line ends around it, and names "
        "another folder with them; write \"/srv\"\n");
    EXPECT_NE(told_of_paths("\"/srv\\n\"").problems.find("write \"/srv\""), std::string::npos);
    EXPECT_EQ(told_of_paths("/ok, srv").problems,
              "t.yaml:6:40: the allowed path \"srv\" must be absolute, without \"..\", \".\" and "
              "\"//\"\n");
    EXPECT_NE(told_of_paths("\"\"").problems, "");
    const auto wild = told_of_paths("/ok, /tmp/*");
    EXPECT_EQ(wild.problems, "");
    EXPECT_EQ(
        wild.notices,
        "t.yaml:6:40: the allowed path \"/tmp/*\" means a folder of just that name: wildcards "
        "are not understood here, and a folder opens all below it");
    EXPECT_EQ(told_of_paths("/tmp").notices, "");
}

}  // namespace
}  // namespace tailops::targets
