#include "gateway/core/secret_scan.hpp"
#include "tests/unit/gateway/tools/files_rig.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

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
    const auto content = told(made->place.present(testing::run(command, GetParam()), judge));
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

TEST_P(Files, WhatIsOpenedIsJudgedAndTold)
{
    fs::create_symlink("plain.log", root / "current");
    fs::create_symlink("sub", root / "below");
    const auto inner = root / "sub/deep/inner.log";
    for (const auto* action : {"read", "tail"}) {
        EXPECT_EQ(ask(action, root / "below/deep/inner.log").at("opened"), inner.string());
        EXPECT_FALSE(ask(action, inner).contains("opened"));
    }
    EXPECT_EQ(ask("list", root / "below").at("opened"), (root / "sub").string());
    EXPECT_EQ(ask("info", root / "below/deep/inner.log").at("opened"), inner.string());
    EXPECT_FALSE(ask("info", root / "current").contains("opened")) << "it tells of the link";

    judge.closed = {inner.string(), (root / "sub/deep").string()};
    for (const auto* action : {"read", "tail", "info"}) {
        EXPECT_EQ(refusal_of(action, root / "below/deep/inner.log").code(), Errc::denied);
        EXPECT_EQ(refusal_of(action, inner).code(), Errc::denied);
    }
    for (const auto* action : {"list", "search"}) {
        EXPECT_EQ(refusal_of(action, root / "below/deep").code(), Errc::denied);
    }
    EXPECT_TRUE(ask("read", root / "current").at("success"));
}

TEST_P(Files, WhatIsSaidInsteadOfAnAnswerIsJudgedToo)
{
    fs::create_directory_symlink("sub", root / "below");
    judge.closed = {(root / "sub/no-such").string()};
    EXPECT_EQ(refusal_of("read", root / "below/no-such").code(), Errc::denied);
    expect_refused("read", root / "below/other", "there is no");
}

TEST_P(Files, NamesThatAreClosedAreNotTold)
{
    write(root / "sub/deep/plan.txt", "x");
    judge.closed = {(root / "sub/deep/plan.txt").string(), (root / "sub").string()};
    const auto found = ask({{"action", "search"}, {"path", root.string()}});
    EXPECT_EQ(found.at("files"),
              json::array({(root / "plain.log").string(), (root / "sub/deep/inner.log").string()}));
    EXPECT_EQ(found.at("withheld"), 1);
    const auto list = ask("list", root);
    EXPECT_EQ(list.at("directories"), json::array());
    EXPECT_EQ(list.at("withheld"), 1);
    EXPECT_FALSE(ask("list", root / "sub/deep").contains("sub"));
}

TEST_P(Files, PlacesOfSecretsOpenOnlyWhereTheyAreNamed)
{
    fs::create_directories(root / "home/.ssh");
    write(root / "home/.ssh/id_ed25519", "made up\n");
    write(root / "home/site.key", "made up\n");
    fs::create_symlink("home/site.key", root / "notes");
    fs::create_directory_symlink("home/.ssh", root / "papers");
    for (const auto* action : {"read", "tail"}) {
        for (const auto* path :
             {"home/.ssh/id_ed25519", "home/site.key", "notes", "papers/id_ed25519"}) {
            const auto refused = refusal_of(action, root / path);
            EXPECT_EQ(refused.code(), Errc::denied) << path;
            EXPECT_THAT(refused.public_message(), HasSubstr("keys; a target opens")) << path;
        }
    }
    for (const auto* action : {"list", "search"}) {
        EXPECT_EQ(refusal_of(action, root / "home/.ssh").code(), Errc::denied);
        EXPECT_EQ(refusal_of(action, root / "papers").code(), Errc::denied);
    }
    EXPECT_EQ(refusal_of("info", root / "papers/id_ed25519").code(), Errc::denied);
    EXPECT_EQ(ask("info", root / "home/site.key").at("type"), "file");
    const auto found = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "*"}});
    EXPECT_EQ(found.dump().find("id_ed25519"), std::string::npos);
    EXPECT_EQ(found.at("withheld"), 1);
    root /= "home/.ssh";
    EXPECT_EQ(ask("read", root / "id_ed25519").at("content"), "made up\n");
}

TEST_P(Files, NothingOpensWhatIsTheGatewaysOwn)
{
    const auto state = root / "state";
    fs::create_directories(state / "audit");
    write(state / "audit/audit.key", "made up\n");
    fs::create_hard_link(state / "audit/audit.key", root / "copy");
    fs::create_directory_symlink("state", root / "elsewhere");
    struct stat info{};
    ASSERT_EQ(::stat((state / "audit/audit.key").c_str(), &info), 0);
    PlaceSet places{.paths = {state.string()}, .identities = {}};
    places.identities.insert(std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino));
    own = std::make_shared<const KnownPlaces>(std::move(places));
    for (const auto* path : {"state/audit/audit.key", "elsewhere/audit/audit.key", "copy"}) {
        for (const auto* action : {"read", "tail"}) {
            // By its name a key is closed before anything is opened.
            EXPECT_THAT(refusal_of(action, root / path).public_message(),
                        ::testing::AnyOf(HasSubstr("belongs to the gateway itself"),
                                         HasSubstr("holds keys")))
                << path;
        }
    }
    for (const auto* path : {"state", "elsewhere", "elsewhere/audit"}) {
        EXPECT_EQ(refusal_of("list", root / path).code(), Errc::denied) << path;
        EXPECT_EQ(refusal_of("info", root / path / "none").code(), Errc::denied) << path;
    }
    const auto found = ask({{"action", "search"}, {"path", root.string()}, {"pattern", "audit*"}});
    EXPECT_EQ(found.at("count"), 0);
    EXPECT_TRUE(ask("read", root / "plain.log").at("success"));
}

TEST_P(Files, WhatIsReplacedWhileItIsOpenIsNotShown)
{
    // Unlinked between opening and asking: the kernel then gives the name a word more.
    write(root / "secret.key", "do not tell\n");
    fs::create_symlink("secret.key", root / "notes");
    const auto made = plan({{"action", "read"}, {"path", (root / "notes").string()}});
    ASSERT_TRUE(made);
    auto command = std::get<targets::Command>(made->operation);
    const std::string asking = "    locate /proc/self/fd/3";
    const auto at = command.argv[2].find(asking);
    ASSERT_NE(at, std::string::npos);
    command.argv[2].insert(at, "    rm " + (root / "secret.key").string() + '\n');
    const auto content = told(made->place.present(testing::run(command, GetParam()), judge));
    EXPECT_FALSE(content && content->value("success", true));
    EXPECT_TRUE(!content || content->dump().find("do not tell") == std::string::npos);
}

/// What a scrubbed stream would be of what a script prints.
std::string scrubbed(const targets::ExecutionResult& result)
{
    StreamScrubber scrubber{std::make_shared<const KnownSecrets>()};
    return scrubber.add(result.output) + scrubber.finish();
}

TEST_P(Files, TheMiddleOfAPrivateKeyIsHiddenAsWell)
{
    std::string lines;
    for (int i = 0; i < 12; ++i) {
        lines += "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c" +
                 std::to_string(10 + i) + '\n';
    }
    write(root / "notes", "text before\n-----BEGIN PRIVATE KEY-----\n" + lines +
                              "-----END PRIVATE KEY-----\ntext behind\n");
    const auto asked = [&](json arguments) {
        arguments["path"] = (root / "notes").string();
        const auto made = plan(std::move(arguments));
        return scrubbed(testing::run(std::get<targets::Command>(made->operation), GetParam()));
    };
    for (int offset = 0; offset < 14; ++offset) {
        const auto out = asked({{"action", "read"}, {"offset", offset}, {"lines", 3}});
        EXPECT_EQ(out.find("MIIEvQ"), std::string::npos) << offset << out;
    }
    for (int count = 1; count < 15; ++count) {
        const auto out = asked({{"action", "tail"}, {"lines", count}});
        EXPECT_EQ(out.find("MIIEvQ"), std::string::npos) << count << out;
        EXPECT_THAT(out, HasSubstr("text behind")) << count;
    }
    EXPECT_THAT(asked({{"action", "read"}}), HasSubstr("text before"));
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
