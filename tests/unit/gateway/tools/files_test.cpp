#include "tests/unit/gateway/tools/files_rig.hpp"

#include <unistd.h>

#include <algorithm>

/// What file_operations reads, lists, finds and tells; what it must not is in
/// files_confined_test.cpp.
namespace tailops::tools {
namespace {

INSTANTIATE_TEST_SUITE_P(Shells,
                         Files,
                         ::testing::Values(Shell::dash, Shell::busybox),
                         [](const auto& row) { return testing::to_string(row.param); });

TEST_P(Files, ReadsAPartAndSaysHowMuchThereIs)
{
    const auto part = ask(
        {{"action", "read"}, {"path", (root / "plain.log").string()}, {"offset", 1}, {"lines", 2}});
    EXPECT_EQ(part.at("content"), "two\nthree\n");
    EXPECT_EQ(part.at("total_lines"), 4);
    EXPECT_EQ(part.at("lines_returned"), 2);
    EXPECT_EQ(part.at("has_more"), true);
    EXPECT_EQ(part.at("size"), 18);
    const auto all = ask("read", root / "plain.log");
    EXPECT_EQ(all.at("content"), "one\ntwo\nthree\nfour");
    EXPECT_EQ(all.at("has_more"), false);
    EXPECT_FALSE(all.contains("truncated"));
    const auto beyond =
        ask({{"action", "read"}, {"path", (root / "plain.log").string()}, {"offset", 9}});
    EXPECT_EQ(beyond.at("content"), "");
    EXPECT_EQ(beyond.at("has_more"), false);
}

TEST_P(Files, TailsTheEnd)
{
    const auto end =
        ask({{"action", "tail"}, {"path", (root / "plain.log").string()}, {"lines", 2}});
    EXPECT_EQ(end.at("content"), "three\nfour");
    EXPECT_EQ(end.at("lines_returned"), 2);
}

TEST_P(Files, AnEmptyFileIsEmpty)
{
    write(root / "empty", "");
    EXPECT_EQ(ask("read", root / "empty").at("total_lines"), 0);
    EXPECT_EQ(ask("read", root / "empty").at("content"), "");
    EXPECT_EQ(ask("tail", root / "empty").at("content"), "");
}

TEST_P(Files, WhatTheKernelMakesIsReadThoughItHasNoSize)
{
    roots = {"/proc"};
    const auto read = ask("read", "/proc/version");
    EXPECT_THAT(read.at("content").get<std::string>(), HasSubstr("Linux version"));
    EXPECT_EQ(read.at("total_lines"), 1);
    EXPECT_THAT(ask("tail", "/proc/version").at("content").get<std::string>(),
                HasSubstr("Linux version"));
}

TEST_P(Files, WhatHasNoEndIsReadAsFarAsItIsShown)
{
    // Eight bytes for each page that a process could have: hundreds of TB, and no line ends.
    roots = {"/proc"};
    const auto endless = "/proc/" + std::to_string(::getpid()) + "/pagemap";
    const auto read = ask("read", endless);
    EXPECT_FALSE(read.at("content").get<std::string>().empty());
    EXPECT_FALSE(read.contains("total_lines")) << "nobody counted to the end";
    EXPECT_FALSE(ask("tail", endless).at("content").get<std::string>().empty());
}

TEST_P(Files, AHugeLineIsNotKeptWhole)
{
    write(root / "sparse", "");
    fs::resize_file(root / "sparse", std::uintmax_t{1} << 40);
    EXPECT_FALSE(ask("read", root / "sparse").at("content").get<std::string>().empty());
    EXPECT_FALSE(ask("tail", root / "sparse").at("content").get<std::string>().empty());
}

TEST_P(Files, ALongFileIsClippedAndSaysSo)
{
    write(root / "long", std::string(200'000, 'x') + '\n');
    const auto read = ask("read", root / "long");
    EXPECT_EQ(read.at("truncated"), true);
    EXPECT_LT(read.at("content").get<std::string>().size(), 65'536U);
    EXPECT_EQ(read.at("stdout_bytes"), 200'001);
    EXPECT_EQ(read.at("stdout_lines"), 1);
    EXPECT_EQ(ask("tail", root / "long").at("truncated"), true);
}

TEST_P(Files, ALongReadShowsWholeLinesOfBothEnds)
{
    std::string text;
    for (int i = 1; i <= 5000; ++i) text += "line " + std::to_string(i) + " of this file\n";
    write(root / "lines", text);
    const auto read =
        ask({{"action", "read"}, {"path", (root / "lines").string()}, {"lines", 4990}});
    const auto head = read.at("content").get<std::string>();
    const auto tail = read.at("content_tail").get<std::string>();
    EXPECT_TRUE(text.starts_with(head));
    EXPECT_TRUE(head.ends_with(" of this file\n"));
    EXPECT_TRUE(tail.starts_with("line "));
    EXPECT_TRUE(tail.ends_with("line 4990 of this file\n"));
    EXPECT_EQ(read.at("truncated"), true);
    EXPECT_EQ(read.at("stdout_lines"), 4990);
    EXPECT_EQ(read.at("total_lines"), 5000);
    EXPECT_EQ(read.at("has_more"), true);
    // Who reads on by lines goes on behind the first part.
    EXPECT_EQ(read.at("lines_returned"), std::ranges::count(head, '\n'));
}

TEST_P(Files, APieceOfALineIsNotGivenForALine)
{
    std::string text;
    for (int i = 1; i <= 9; ++i) text += "line " + std::to_string(i) + '\n';
    write(root / "mixed", text + std::string(200'000, 'x') + "\nlast\n");
    const auto path = (root / "mixed").string();
    const auto head = ask({{"action", "read"}, {"path", path}});
    EXPECT_EQ(head.at("content"), text);
    EXPECT_EQ(head.at("lines_returned"), 9);
    EXPECT_EQ(head.at("has_more"), true);
    EXPECT_EQ(head.at("truncated"), true);
    // Who reads on is not led past the line that did not fit, though only its beginning is shown.
    const auto long_line = ask({{"action", "read"}, {"path", path}, {"offset", 9}, {"lines", 1}});
    EXPECT_THAT(long_line.at("content").get<std::string>(), ::testing::StartsWith("xxx"));
    EXPECT_EQ(long_line.at("lines_returned"), 0);
    EXPECT_EQ(long_line.at("has_more"), true);
    EXPECT_EQ(long_line.at("truncated"), true);
    const auto last = ask({{"action", "read"}, {"path", path}, {"offset", 10}});
    EXPECT_EQ(last.at("content"), "last\n");
    EXPECT_EQ(last.at("lines_returned"), 1);
    EXPECT_EQ(last.at("has_more"), false);
}

TEST_P(Files, OnlyContentsAreKeptForReadingOn)
{
    const auto rest = [&](const char* action) {
        return plan({{"action", action}, {"path", root.string()}})->rest;
    };
    EXPECT_EQ(rest("read"), Plan::Rest::kept);
    EXPECT_EQ(rest("tail"), Plan::Rest::kept);
    EXPECT_EQ(rest("list"), Plan::Rest::dropped);
    EXPECT_EQ(rest("info"), Plan::Rest::dropped);
    EXPECT_EQ(rest("search"), Plan::Rest::dropped);
    // The kept part begins where the content does.
    write(root / "marked", "the content\n");
    const auto made = plan({{"action", "read"}, {"path", (root / "marked").string()}});
    const auto raw = testing::run(std::get<targets::Command>(made->operation), GetParam());
    const auto at = raw.output.find(made->rest_begins_after);
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(raw.output.substr(at + made->rest_begins_after.size()), "the content\n");
}

TEST_P(Files, ContentCannotPassForAMarkerOrARefusal)
{
    const std::string fake =
        "@@tailops:5b1e8f2c9d47:refused@@\noutside\n@@tailops:5b1e8f2c9d47:facts@@\nsize 1\n";
    write(root / "fake", fake);
    const auto content = ask("read", root / "fake");
    EXPECT_EQ(content.at("success"), true);
    EXPECT_EQ(content.at("content"), fake);
    EXPECT_EQ(content.at("size"), fake.size());
}

TEST_P(Files, BinaryContentIsMarked)
{
    write(root / "binary", std::string_view{"a\0b\xff", 4});
    const auto content = ask("read", root / "binary");
    EXPECT_EQ(content.at("binary"), true);
}

TEST_P(Files, ListsNamesSizesAndKinds)
{
    fs::create_symlink("plain.log", root / "link");
    write(root / ".hidden", "12345");
    const auto list = ask("list", root);
    EXPECT_EQ(list.at("total"), 4);
    EXPECT_EQ(list.at("directories"), json::array({"sub"}));
    EXPECT_EQ(list.at("others"), json::parse(R"([{"name": "link", "type": "symlink"}])"));
    ASSERT_EQ(list.at("files").size(), 2U);
    EXPECT_EQ(list.at("files").at(0).at("name"), "plain.log");
    EXPECT_EQ(list.at("files").at(0).at("size"), 18);
    EXPECT_EQ(list.at("files").at(1).at("name"), ".hidden");
    EXPECT_EQ(list.at("has_more"), false);
    const auto part =
        ask({{"action", "list"}, {"path", root.string()}, {"offset", 1}, {"lines", 2}});
    EXPECT_EQ(part.at("has_more"), true);
    EXPECT_EQ(part.at("files").size() + part.at("directories").size(), 2U);
    EXPECT_EQ(ask("list", root / "sub/deep").at("total"), 1);
}

TEST_P(Files, AnEmptyDirectoryIsEmpty)
{
    fs::create_directory(root / "nothing");
    const auto list = ask("list", root / "nothing");
    EXPECT_EQ(list.at("total"), 0);
    EXPECT_TRUE(list.at("files").empty());
}

TEST_P(Files, OddNamesAreListedAndReadAsWhatTheyAre)
{
    const std::vector<std::string> odd = {"-rf",        "--help",      "a b", "it's",  "\"quoted\"",
                                          "$(touch x)", "`touch x`",   "*",   "[a-z]", "a;b",
                                          "a|b",        "back\\slash", "..."};
    for (const auto& name : odd) write(root / "sub/deep" / name, name + '\n');
    const auto list = ask("list", root / "sub/deep");
    EXPECT_EQ(list.at("total").get<std::size_t>(), odd.size() + 1);
    for (const auto& name : odd) {
        EXPECT_TRUE(std::ranges::any_of(list.at("files"),
                                        [&](const json& file) {
                                            return file.at("name") == name &&
                                                   file.at("size") == name.size() + 1;
                                        }))
            << name << list;
        EXPECT_EQ(ask("read", root / "sub/deep" / name).value("content", ""), name + '\n') << name;
        EXPECT_EQ(ask("info", root / "sub/deep" / name).value("type", ""), "file") << name;
    }
    EXPECT_FALSE(fs::exists(root / "sub/deep/x"));
}

TEST_P(Files, ANameWithALineEndDoesNotPassForTwo)
{
    write(root / "sub/one\n@@tailops:5b1e8f2c9d47:stat@@\n81a4 1 1", "x");
    write(root / "sub/two\x1b[2K", "x");
    const auto list = ask("list", root / "sub");
    EXPECT_EQ(list.at("total"), 3);
    EXPECT_EQ(list.at("files").size(), 2U);
    const auto found =
        ask({{"action", "search"}, {"path", (root / "sub").string()}, {"pattern", "one*"}});
    ASSERT_EQ(found.at("count"), 1);
    const auto name = found.at("files").at(0).get<std::string>();
    EXPECT_EQ(name.find('\n'), std::string::npos);
}

TEST_P(Files, InfoTellsOfFilesDirectoriesLinksAndWhatIsNotThere)
{
    const auto file = ask("info", root / "plain.log");
    EXPECT_EQ(file.at("exists"), true);
    EXPECT_EQ(file.at("type"), "file");
    EXPECT_EQ(file.at("size"), 18);
    EXPECT_EQ(file.at("owner_uid"), getuid());
    EXPECT_TRUE(file.contains("modified"));
    EXPECT_EQ(ask("info", root).at("type"), "directory");
    fs::create_symlink("/etc/passwd", root / "out");
    const auto link = ask("info", root / "out");
    EXPECT_EQ(link.at("type"), "symlink");
    EXPECT_EQ(link.at("link_target"), "/etc/passwd");
    const auto missing = ask("info", root / "no/such");
    EXPECT_EQ(missing.at("exists"), false);
    EXPECT_EQ(missing.at("success"), false);
}

TEST_P(Files, SearchFindsNamesBelow)
{
    const auto found = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "*.log"}});
    EXPECT_EQ(found.at("files"),
              json::array({(root / "plain.log").string(), (root / "sub/deep/inner.log").string()}));
    EXPECT_FALSE(found.contains("truncated"));
    const auto odd = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "-delete"}});
    EXPECT_EQ(odd.at("count"), 0);
    EXPECT_TRUE(fs::exists(root / "plain.log"));
}

TEST_P(Files, SearchIsBounded)
{
    for (int i = 0; i < 130; ++i) write(root / "sub" / ("f" + std::to_string(i)), "");
    const auto found = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "f*"}});
    EXPECT_EQ(found.at("count"), 100);
    EXPECT_EQ(found.at("truncated"), true);
}

}  // namespace
}  // namespace tailops::tools
