#include "gateway/audit/directory.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

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

}  // namespace
}  // namespace tailops::audit
