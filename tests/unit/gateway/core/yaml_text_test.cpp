#include "gateway/core/yaml_text.hpp"

#include <gtest/gtest.h>

#include <string>

/// What a configuration file is made of, before anything in it means something.
namespace tailops::yaml {
namespace {

using namespace std::string_literals;

/// Everything wrong with `text`.
std::string told(std::string_view text)
{
    Problems problems;
    parse(text, "t.yaml", problems);
    return problems.render();
}

TEST(YamlText, IsUtf8)
{
    EXPECT_EQ(told("subjects: [Jürgen, 山田, 😀]\n"), "");
    EXPECT_EQ(told("roles: [bob]\nsubjects: [J\xFCrgen]\n"),
              "t.yaml:2:13: the byte 0xFC is not UTF-8, so the file has another encoding, such as "
              "Latin-1; save it as UTF-8\n");
    // In a comment too: what else there is in such a file is not known.
    EXPECT_TRUE(told("a: b # \xE9\n").starts_with("t.yaml:1:8: the byte 0xE9 is not UTF-8"));
    for (const auto* broken :
         {"a: \xC3", "a: \xC0\xAF", "a: \xED\xA0\x80", "a: \xF5\x80\x80\x80"}) {
        EXPECT_TRUE(told(broken).starts_with("t.yaml:1:4: ")) << told(broken);
    }
}

TEST(YamlText, MayBeginWithAByteOrderMark)
{
    Problems problems;
    const auto root = parse("\xEF\xBB\xBFname: x\nother: \"y\"\n", "t.yaml", problems);
    MapReader reader{root, problems, "map"};
    EXPECT_EQ(reader.text("name"), "x");
    EXPECT_EQ(reader.text("other"), "y");
    EXPECT_EQ(reader.place_of("name").column, 1);
    reader.finish();
    EXPECT_TRUE(problems.empty()) << problems.render();
}

TEST(YamlText, IsNotUtf16)
{
    constexpr auto wide = "t.yaml:1:1: the file is UTF-16 or UTF-32, not UTF-8; save it as UTF-8\n";
    for (const auto& text : {"\xFF\xFE"
                             "a\0:\0 \0b\0\n\0"s,
                             "\xFE\xFF\0a\0:\0 \0b\0\n"s, "a\0:\0 \0b\0\n\0"s, "\0a\0:\0 \0b\0\n"s,
                             "\xFF\xFE\0\0a\0\0\0"s, "\0\0\xFE\xFF\0\0\0a"s}) {
        EXPECT_EQ(told(text), wide);
    }
}

// The parser takes U+0004 for the end of the file: what stands behind it would be gone.
TEST(YamlText, HasNoControlCharacters)
{
    EXPECT_EQ(told("allow: a\n\x04\ndeny: b\n"),
              "t.yaml:2:1: the control character U+0004 cannot stand here; take it out, or write "
              "\"\\x04\" in double quotes\n");
    EXPECT_EQ(told("a: b\0c\n"s),
              "t.yaml:1:5: a NUL byte cannot stand in a configuration file; take it out\n");
    EXPECT_EQ(told("a: \"\\x04\\e\"\r\nb:\tc\n"), "");
}

TEST(YamlText, HasNoNulInAKeyOrValue)
{
    constexpr auto why = R"(a NUL character ("\0") cannot be part of a key or value; take it out)";
    EXPECT_EQ(told("version: 1\ntargets: \"targets.yaml\\0x\"\n"), "t.yaml:2:10: "s + why + '\n');
    EXPECT_EQ(told("a: [b, \"\\x00\"]\n"), "t.yaml:1:8: "s + why + '\n');
    EXPECT_EQ(told("\"b\\u0000\": c\n"), "t.yaml:1:1: "s + why + '\n');
    EXPECT_EQ(told("a: '\\0'\nb: \\0\n"), "") << "no escapes without double quotes";
}

}  // namespace
}  // namespace tailops::yaml
