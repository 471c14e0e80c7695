#include "gateway/audit/directory.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <sys/stat.h>

/// What stands in the trail's place, and beside it.
namespace tailops::audit {
namespace {

namespace fs = std::filesystem;

bool is_unavailable(const Status& status)
{
    return !status && status.error().code() == Errc::unavailable;
}

TEST(TrailPlace, RefusesWhileItsFolderOrOneAboveItIsElsewhere)
{
    using Deed = void (*)(const fs::path& state, const fs::path& aside);
    constexpr Deed deeds[] = {
        [](const fs::path& state, const fs::path& aside) { fs::rename(state / "audit", aside); },
        [](const fs::path& state, const fs::path& aside) {
            fs::rename(state / "audit", aside);
            fs::create_directory(state / "audit");
        },
        [](const fs::path& state, const fs::path& aside) {
            fs::rename(state / "audit", aside);
            fs::copy(aside, state / "audit");
        },
        [](const fs::path& state, const fs::path& aside) { fs::rename(state, aside); },
        [](const fs::path& state, const fs::path& aside) {
            fs::rename(state, aside);
            fs::copy(aside, state, fs::copy_options::recursive);
        },
    };
    for (const auto deed : deeds) {
        TrailDirectory directory;
        const auto state = directory.path / "state";
        fs::create_directory(state);
        auto settings = directory.settings();
        settings.directory = state / "audit";
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(directory.append(*trail, intent("before")));
        deed(state, directory.path / "aside");
        const auto refused = directory.append(*trail, intent("meanwhile"));
        ASSERT_TRUE(is_unavailable(refused));
        EXPECT_NE(refused.error().detail().find("put it back"), std::string::npos);
        EXPECT_TRUE(is_unavailable(trail->health()));
        EXPECT_TRUE(
            is_unavailable(directory.append(*trail, intent("meanwhile"), Durability::buffered)));
    }
}

TEST(TrailPlace, GoesOnOnceItsFolderIsBack)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    const auto folder = directory.path / "audit";
    settings.directory = folder;
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    fs::rename(folder, directory.path / "aside");
    ASSERT_FALSE(directory.append(*trail, intent("b")));
    fs::rename(directory.path / "aside", folder);
    EXPECT_TRUE(directory.append(*trail, intent("c")));
    EXPECT_TRUE(trail->health());
    EXPECT_TRUE(verify(folder, TrailDirectory::key())->is_sound());
}

std::string why(const auto& result)
{
    return result ? std::string{} : result.error().describe();
}

TEST(TrailPlace, WaitsForNobodyWhoWritesIntoAFifo)
{
    for (const std::string name :
         {"audit.jsonl", "audit-000000000001.jsonl", "audit.lock", "audit.key", "audit.torn"}) {
        TrailDirectory directory;
        auto settings = directory.settings();
        settings.key.reset();
        {
            ASSERT_TRUE(directory.append(*directory.open(std::move(settings)), intent("a")));
        }
        const auto key = read_trail_key(directory.path);
        ASSERT_TRUE(key);
        directory.rewrite(directory.text() + "{");  // for audit.torn
        fs::remove(directory.path / name);
        ASSERT_EQ(::mkfifo((directory.path / name).c_str(), 0600), 0);
        const auto said = name + ": it is a FIFO, not a regular file; move it elsewhere";

        settings = directory.settings();
        settings.key.reset();
        const auto opened = JsonlTrail::open(std::move(settings), directory.clock);
        if (name.starts_with("audit-")) {
            EXPECT_TRUE(opened) << "it is left alone";
        } else {
            EXPECT_NE(why(opened).find(said), std::string::npos) << why(opened);
        }
        if (!name.ends_with(".jsonl")) continue;
        EXPECT_NE(why(verify(directory.path, *key)).find(said), std::string::npos);
        const auto found = query(directory.path, {}, [](const StoredRecord&) { return true; });
        EXPECT_NE(why(found).find(said), std::string::npos);
    }
}

TEST(TrailPlace, MakesNoNewKeyBesideATrailThatLostItsOwn)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.key.reset();
    {
        ASSERT_TRUE(directory.append(*directory.open(std::move(settings)), intent("a")));
    }
    const auto key_path = (directory.path / "audit.key").string();
    fs::remove(key_path);
    settings = directory.settings();
    settings.key.reset();
    const auto refused = JsonlTrail::open(std::move(settings), directory.clock);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
    EXPECT_NE(why(refused).find(key_path), std::string::npos) << why(refused);
    EXPECT_FALSE(fs::exists(key_path));
    const auto examined = examine(directory.path);
    ASSERT_FALSE(examined);
    EXPECT_EQ(examined.error().code(), Errc::unavailable);
    EXPECT_NE(why(examined).find(key_path), std::string::npos) << why(examined);
    EXPECT_NE(why(read_trail_key(directory.path)).find(key_path), std::string::npos);
}

TEST(TrailPlace, HasANoteOfTheDaemonThatHoldsItAndOfNoOther)
{
    TrailDirectory directory;
    EXPECT_EQ(note_of_daemon(directory.path), "");
    {
        const auto trail = directory.open();
        EXPECT_EQ(note_of_daemon(directory.path), "");
        ASSERT_TRUE(trail->leave_lock_note("database 1:2\n"));
        EXPECT_EQ(note_of_daemon(directory.path), "database 1:2\n");
    }
    EXPECT_EQ(note_of_daemon(directory.path), "");
    const auto next = directory.open();
    EXPECT_EQ(note_of_daemon(directory.path), "") << "not that of the one before";
}

}  // namespace
}  // namespace tailops::audit
