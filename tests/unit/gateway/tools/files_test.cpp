#include "gateway/core/json.hpp"
#include "gateway/tools/path.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <fstream>

/// file_operations through real shells in a real tree: what is allowed beside what must not be.
namespace tailops::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::Shell;

void write(const fs::path& path, std::string_view text)
{
    std::ofstream{path, std::ios::binary} << text;
}

/// tree/allowed is the allowed directory; its neighbours are not.
class Files : public ::testing::TestWithParam<Shell> {
protected:
    Files()
    {
        fs::create_directories(root / "sub/deep");
        fs::create_directories(tree.path() / "allowed-not/inner");
        write(root / "plain.log", "one\ntwo\nthree\nfour");
        write(root / "sub/deep/inner.log", "inner\n");
        write(tree.path() / "secret", "do not tell\n");
        write(tree.path() / "allowed-not/inner/secret.log", "do not tell\n");
    }

    Result<Plan> plan(json arguments)
    {
        targets::TargetSpec spec;
        spec.facts.id = TargetId{"box"};
        spec.file_roots = {root.string()};
        return find("file_operations")->plan(arguments, {.target = &spec});
    }
    json ask(json arguments)
    {
        const auto made = plan(std::move(arguments));
        if (!made) {
            ADD_FAILURE() << made.error().describe();
            return json::object();
        }
        const auto whole = testing::run(std::get<targets::Command>(made->operation), GetParam());
        const auto result = testing::cut(whole, 65'536);
        const auto content = made->present(result);
        EXPECT_TRUE(content) << content.error().describe() << result.output << result.diagnostics;
        if (!content) return json::object();
        const auto fits =
            validate_against(*parse_json(find("file_operations")->output_schema), *content);
        EXPECT_TRUE(fits) << fits.error().describe();
        EXPECT_EQ(content->dump().find("do not tell"), std::string::npos);
        return *content;
    }
    json ask(const char* action, const fs::path& path)
    {
        return ask(json{{"action", action}, {"path", path.string()}});
    }
    void expect_refused(const char* action, const fs::path& path, const char* why)
    {
        const auto content = ask(action, path);
        EXPECT_EQ(content.value("success", true), false) << action << path << content;
        EXPECT_THAT(content.value("error", ""), HasSubstr(why)) << action << path;
    }

    testing::TemporaryDirectory tree;
    fs::path root{tree.path() / "allowed"};
};

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

TEST_P(Files, ALinkInsideTheDirectoryIsFollowed)
{
    fs::create_symlink("plain.log", root / "current");
    fs::create_symlink("sub", root / "below");
    EXPECT_EQ(ask("read", root / "current").value("total_lines", 0), 4);
    EXPECT_EQ(ask("read", root / "below/deep/inner.log").value("content", ""), "inner\n");
    EXPECT_EQ(ask("list", root / "below").value("total", 0), 1);
}

TEST_P(Files, ALinkOutOfTheDirectoryIsNot)
{
    fs::create_symlink(tree.path() / "secret", root / "file-out");
    fs::create_symlink("../secret", root / "relative-out");
    fs::create_symlink(tree.path() / "allowed-not", root / "directory-out");
    fs::create_symlink("/no/such/place", root / "dangling");
    fs::create_symlink("loop", root / "loop");
    for (const auto* action : {"read", "tail"}) {
        expect_refused(action, root / "file-out", "outside the allowed directories");
        expect_refused(action, root / "relative-out", "outside the allowed directories");
        expect_refused(action, root / "directory-out/inner/secret.log",
                       "outside the allowed directories");
        expect_refused(action, root / "dangling", "symbolic link");
        expect_refused(action, root / "loop", "symbolic link");
    }
    for (const auto* action : {"list", "search"}) {
        expect_refused(action, root / "directory-out", "outside the allowed directories");
        expect_refused(action, root / "directory-out/inner", "outside the allowed directories");
        expect_refused(action, root / "dangling", "symbolic link");
    }
    expect_refused("info", root / "directory-out/inner/secret.log",
                   "outside the allowed directories");
    const auto found = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "secret*"}});
    EXPECT_EQ(found.at("count"), 0);  // links are not followed on the way
}

TEST_P(Files, AnAllowedDirectoryThatIsItselfALinkAllowsNothing)
{
    fs::rename(root, tree.path() / "moved");
    fs::create_directory_symlink(tree.path() / "allowed-not", root);
    expect_refused("list", root, "outside the allowed directories");
    expect_refused("read", root / "inner/secret.log", "outside the allowed directories");
}

TEST_P(Files, WhatIsSwappedForALinkAfterTheCheckIsNotRead)
{
    // Between the script's first look at the name and its opening, the name becomes a link.
    const auto made = plan({{"action", "read"}, {"path", (root / "plain.log").string()}});
    ASSERT_TRUE(made);
    auto command = std::get<targets::Command>(made->operation);
    const std::string opening = "    { opened=yes;";
    const auto at = command.argv[2].find(opening);
    ASSERT_NE(at, std::string::npos);
    command.argv[2].insert(at, "    rm " + (root / "plain.log").string() + "; ln -s " +
                                   (tree.path() / "secret").string() + ' ' +
                                   (root / "plain.log").string() + '\n');
    const auto content = made->present(testing::run(command, GetParam()));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->at("success"), false);
    EXPECT_EQ(content->dump().find("do not tell"), std::string::npos);
}

TEST_P(Files, WhatIsNoFileIsNotOpened)
{
    ASSERT_EQ(mkfifo((root / "pipe").c_str(), 0600), 0);
    fs::create_symlink("pipe", root / "link-to-pipe");
    for (const auto* action : {"read", "tail"}) {
        expect_refused(action, root / "pipe", "only files can be read");
        expect_refused(action, root / "link-to-pipe", "symbolic link");
        expect_refused(action, root / "sub", "is a directory");
        expect_refused(action, root / "no-such", "there is no");
        expect_refused(action, root / "plain.log/x", "there is no");
    }
    expect_refused("list", root / "plain.log", "not a directory");
    EXPECT_EQ(ask("info", root / "pipe").value("type", ""), "pipe");
}

TEST_P(Files, PlansRefuseWhatLiesOutsideAsText)
{
    const auto expect = [&](const std::string& path, Errc code, const char* why) {
        const auto made = plan({{"action", "read"}, {"path", path}});
        ASSERT_FALSE(made) << path;
        EXPECT_EQ(made.error().code(), code) << path;
        EXPECT_THAT(made.error().public_message(), HasSubstr(why)) << path;
    };
    const auto inside = root.string();
    expect(inside + "-not/inner/secret.log", Errc::denied, "outside the directories");
    expect(inside + "foo", Errc::denied, "outside the directories");
    expect(tree.path().string(), Errc::denied, "outside the directories");
    expect("/", Errc::denied, "outside the directories");
    expect(inside + "/../secret", Errc::invalid_argument, "..");
    expect(inside + "/..", Errc::invalid_argument, "..");
    expect("plain.log", Errc::invalid_argument, "absolute");
    expect(inside + "/a\nb", Errc::invalid_argument, "control characters");
    expect(inside + std::string{"/a\0b", 4}, Errc::invalid_argument, "control characters");
    expect(inside + '/' + std::string(5000, 'a'), Errc::invalid_argument, "too long");
    EXPECT_FALSE(plan({{"action", "search"}, {"path", inside}, {"pattern", "../*"}}));
}

TEST_P(Files, PolicySeesTheCanonicalPath)
{
    const auto made = plan({{"action", "read"}, {"path", root.string() + "//sub/./deep/"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(std::get<std::string>(made->parameters.at("path")), (root / "sub/deep").string());
}

TEST(FileOperations, WithoutAnAllowedDirectoryNamesTheSetting)
{
    targets::TargetSpec spec;
    spec.facts.id = TargetId{"box"};
    const auto made =
        find("file_operations")->plan({{"action", "list"}, {"path", "/etc"}}, {.target = &spec});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Errc::denied);
    EXPECT_THAT(made.error().public_message(), HasSubstr("constraints.allowed_paths"));
}

TEST(CanonicalPath, IsWhatItSays)
{
    EXPECT_EQ(canonical_path("/").value(), "/");
    EXPECT_EQ(canonical_path("//a///b/./c/").value(), "/a/b/c");
    EXPECT_EQ(canonical_path("/a..b/...").value(), "/a..b/...");
    for (const auto* text : {"", "a", "./a", "/..", "/a/../b", "/a\x7f", "/a\tb", "~/a"}) {
        EXPECT_FALSE(canonical_path(text)) << text;
    }
}

TEST(IsUnder, KeepsToSegments)
{
    EXPECT_TRUE(is_under("/var/log", "/var/log"));
    EXPECT_TRUE(is_under("/var/log/a", "/var/log"));
    EXPECT_TRUE(is_under("/var/log", "/"));
    EXPECT_FALSE(is_under("/var/logs", "/var/log"));
    EXPECT_FALSE(is_under("/var/log-secret/a", "/var/log"));
    EXPECT_FALSE(is_under("/var", "/var/log"));
    EXPECT_FALSE(is_under("/var", ""));
}

}  // namespace
}  // namespace tailops::tools
