#include "tests/unit/gateway/tools/files_rig.hpp"

#include <sys/stat.h>

/// What file_operations must not read, list or find, beside what it may.
namespace tailops::tools {
namespace {

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

}  // namespace
}  // namespace tailops::tools
