#include "gateway/audit/recovery.hpp"

#include "tests/support/faults.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <cerrno>

namespace tailops::audit {
namespace {

/// A trail whose last run did not stop in order: one call finished, one not.
void crash(TrailDirectory& directory)
{
    {
        const auto trail = directory.open();
        ASSERT_TRUE(directory.append(*trail, intent("done")));
        ASSERT_TRUE(directory.append(*trail, outcome("done")));
        ASSERT_TRUE(directory.append(*trail, intent("open")));
    }
    ASSERT_TRUE(directory.verified().is_sound());
}

std::vector<std::string> unknown_requests(const TrailDirectory& directory)
{
    std::vector<std::string> requests;
    for (const auto& found :
         directory.found({.filter = {.outcome = "unknown"}, .limit = 100'000})) {
        requests.push_back(found.record.request.str());
    }
    return requests;
}

using Requests = std::vector<std::string>;

TEST(Recovery, RecordsAnUnknownOutcomeOnceAndOnlyForOpenIntents)
{
    TrailDirectory directory;
    crash(directory);
    {
        const auto trail = directory.open();
        EXPECT_EQ(trail->counters().recovered, 1U);
    }
    EXPECT_EQ(unknown_requests(directory), Requests{"open"});
    const auto found = directory.found({.filter = {.outcome = "unknown"}});
    EXPECT_EQ(found[0].kind, LineKind::outcome);
    EXPECT_EQ(found[0].record.tool.view(), "manage_container");
    EXPECT_EQ(found[0].record.tier, Tier::control);
    {
        const auto again = directory.open();
        EXPECT_EQ(again->counters().recovered, 0U);
    }
    EXPECT_EQ(unknown_requests(directory), Requests{"open"});
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(Recovery, ContinuesTheChain)
{
    TrailDirectory directory;
    for (const auto* request : {"a", "b", "c"}) {
        const auto trail = directory.open();
        ASSERT_TRUE(directory.append(*trail, intent(request)));
        ASSERT_TRUE(directory.append(*trail, outcome(request)));
    }
    const auto report = directory.verified();
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.records, 10U);  // a header and three times intent, outcome, close
    EXPECT_TRUE(unknown_requests(directory).empty());
}

/// The mac of the last record, which the next one has to name.
std::string last_mac(const TrailDirectory& directory)
{
    const auto line = directory.lines().back();
    return std::string{parse_frame(line)->mac};
}

struct Torn {
    const char* name;
    std::string text;  // behind the last record; MAC stands for that record's
};
class RecoveryTorn : public ::testing::TestWithParam<Torn> {};

std::string text_of(const Torn& torn, const TrailDirectory& directory)
{
    auto text = torn.text;
    if (const auto at = text.find("MAC"); at != text.npos) {
        text.replace(at, 3, last_mac(directory));
    }
    return text;
}

TEST_P(RecoveryTorn, MovesATornEndAside)
{
    TrailDirectory directory;
    crash(directory);
    const auto whole = directory.text();
    const auto torn = text_of(GetParam(), directory);
    directory.rewrite(whole + torn);
    {
        const auto trail = directory.open();
        ASSERT_TRUE(trail);
        ASSERT_TRUE(directory.append(*trail, intent("after")));
    }
    EXPECT_EQ(directory.text("audit.torn"), torn);
    EXPECT_TRUE(directory.text().starts_with(whole));
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(unknown_requests(directory), Requests{"open"});
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RecoveryTorn,
    ::testing::Values(Torn{"one_byte", "{"},
                      Torn{"half_a_line", R"({"seq":5,"prev":")"},
                      Torn{"more_of_it", R"({"seq":5,"prev":"MAC","time":"2026-)"},
                      Torn{"zeros", std::string(4096, '\0')},
                      Torn{"half_a_line_and_zeros", R"({"seq":5,"pr)" + std::string(900, '\0')},
                      Torn{"a_hole", R"({"seq":5,)" + std::string(90, '\0') + "\n{\"seq\":6"}),
    [](const auto& row) { return row.param.name; });

class RecoveryChanged : public ::testing::TestWithParam<Torn> {};

TEST_P(RecoveryChanged, RefusesAnEndThatNoCrashLeavesAndTouchesNothing)
{
    TrailDirectory directory;
    crash(directory);
    directory.rewrite(directory.text() + text_of(GetParam(), directory));
    const auto before = directory.text();
    const auto refused = directory.try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
    EXPECT_NE(refused.error().public_message().find("audit verify"), std::string::npos);
    EXPECT_EQ(directory.text(), before);
    EXPECT_FALSE(std::filesystem::exists(directory.path / "audit.torn"));
}

INSTANTIATE_TEST_SUITE_P(All,
                         RecoveryChanged,
                         ::testing::Values(Torn{"a_line_of_rubbish", "xx\n"},
                                           Torn{"rubbish_and_half_a_line", "xx\nyy"},
                                           Torn{"half_of_another_line", R"({"seq":9,"pr)"},
                                           Torn{"half_a_line_of_another_chain",
                                                R"({"seq":5,"prev":"00000)"},
                                           Torn{"a_whole_line", R"({"seq":5,"prev":"MAC","t)"
                                                                "\n"}),
                         [](const auto& row) { return row.param.name; });

TEST(Recovery, RefusesLinesWhoseShapeWasBroken)
{
    for (const bool all : {false, true}) {
        TrailDirectory directory;
        crash(directory);
        auto lines = directory.lines();
        for (auto& line : lines) {
            const auto mac = line.rfind(R"(,"mac":")");
            if (all || &line == &lines.back()) line[mac + 6] = ';';
        }
        directory.rewrite_lines(lines);
        EXPECT_FALSE(directory.try_open()) << all;
        EXPECT_EQ(directory.lines(), lines);
        EXPECT_FALSE(directory.verified().is_sound());
    }
}

TEST(Recovery, MovesATornFirstLineAsideAndBeginsAgain)
{
    TrailDirectory directory;
    directory.rewrite(R"({"seq":1,"pr)");
    {
        const auto trail = directory.open();
        ASSERT_TRUE(trail);
        ASSERT_TRUE(directory.append(*trail, intent("a")));
    }
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(directory.text("audit.torn"), R"({"seq":1,"pr)");
}

TEST(Recovery, GoesOnAfterACrashInTheMiddleOfARotation)
{
    TrailDirectory directory;
    crash(directory);
    for (const bool is_empty_file_left : {false, true}) {
        const auto seq = directory.verified().first_seq;
        char name[40];
        std::snprintf(name, sizeof name, "audit-%012llu.jsonl",
                      static_cast<unsigned long long>(is_empty_file_left ? seq + 4 : seq));
        std::filesystem::rename(directory.path / "audit.jsonl", directory.path / name);
        if (is_empty_file_left) directory.rewrite("");
        const auto trail = directory.open();
        ASSERT_TRUE(trail);
        ASSERT_TRUE(directory.append(*trail, intent(is_empty_file_left ? "second" : "first")));
        EXPECT_TRUE(directory.verified().is_sound());
    }
    EXPECT_EQ(unknown_requests(directory), (Requests{"first", "open"}));
}

TEST(Recovery, RefusesAChangedLastRecordAndAnotherKey)
{
    TrailDirectory directory;
    crash(directory);
    auto settings = directory.settings();
    settings.key = Secret{std::string(32, 'x')};
    const auto other_key = JsonlTrail::open(std::move(settings), directory.clock);
    ASSERT_FALSE(other_key);
    EXPECT_EQ(other_key.error().code(), Errc::unavailable);

    auto lines = directory.lines();
    lines.back().replace(lines.back().find("alice"), 5, "malice");
    directory.rewrite_lines(lines);
    EXPECT_FALSE(directory.try_open());
    EXPECT_EQ(directory.lines(), lines);  // evidence stays where it is
}

TEST(Recovery, SaysThatTheRunBeforeDidNotEndInOrder)
{
    TrailDirectory directory;
    const auto unclean = [&] {
        return directory.found({.filter = {.subject = "trail"}, .limit = 100}).size();
    };
    {
        const auto trail = directory.open();
        ASSERT_TRUE(directory.append(*trail, intent("a")));
        ASSERT_TRUE(directory.append(*trail, outcome("a")));
    }
    {
        ASSERT_TRUE(directory.open());
    }
    EXPECT_EQ(unclean(), 0U);
    EXPECT_TRUE(directory.verified().notes.empty());

    auto lines = directory.lines();
    lines.resize(2);  // cut off behind the intent: no record tells that there was more
    directory.rewrite_lines(lines);
    {
        ASSERT_TRUE(directory.open());
    }
    EXPECT_EQ(unclean(), 1U);
    {
        ASSERT_TRUE(directory.open());
    }
    EXPECT_EQ(unclean(), 1U);
    const auto report = directory.verified();
    EXPECT_TRUE(report.is_sound());
    ASSERT_EQ(report.notes.size(), 1U);
    EXPECT_NE(report.notes[0].find("did not end in order"), std::string::npos);
}

TEST(Recovery, FindsWhatWasNotCarriedOverWhenACrashCutTheNewFile)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 1;
    {
        const auto trail = directory.open(std::move(settings));
        for (const auto* request : {"a", "b", "c"})
            ASSERT_TRUE(directory.append(*trail, intent(request)));
        ASSERT_TRUE(directory.append(*trail, outcome("b")));
    }
    const auto lines = directory.lines();
    ASSERT_EQ(lines.size(), 5U);  // the header, a, b and c repeated, the outcome of b
    for (const std::size_t left : {1U, 2U, 3U}) {
        SCOPED_TRACE(left);
        directory.rewrite_lines({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(left)});
        {
            const auto trail = directory.open();
            EXPECT_EQ(trail->counters().recovered, 3U);
        }
        EXPECT_EQ(unknown_requests(directory), (Requests{"c", "b", "a"}));
        EXPECT_TRUE(directory.verified().is_sound());
    }
}

TEST(Recovery, KeepsItsFindingsOverARotationOntoAFullDisk)
{
    TrailDirectory directory;
    {
        const auto trail = directory.open();
        for (const auto* request : {"a", "b", "c"})
            ASSERT_TRUE(directory.append(*trail, intent(request)));
    }
    {
        auto settings = directory.settings();
        settings.rotate_bytes = 1;
        const auto disk = std::make_shared<testing::FaultyDisk>();
        disk->fail(testing::FaultyDisk::Step::write, ENOSPC, 1);  // the new file has room yet
        settings.disk = disk;
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(trail);
        EXPECT_FALSE(trail->health());
        EXPECT_EQ(trail->counters().rotations, 1U);
    }
    EXPECT_TRUE(unknown_requests(directory).empty());
    {
        const auto trail = directory.open();
        EXPECT_EQ(trail->counters().recovered, 3U);
    }
    EXPECT_EQ(unknown_requests(directory), (Requests{"c", "b", "a"}));
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(Recovery, RefusesAnOlderFileInThePlaceOfTheNewest)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 1;
    {
        const auto trail = directory.open(std::move(settings));
        for (const auto* request : {"a", "b", "c"}) {
            ASSERT_TRUE(directory.append(*trail, intent(request)));
            ASSERT_TRUE(directory.append(*trail, outcome(request)));
        }
    }
    const auto names = directory.names();
    ASSERT_TRUE(names.front().starts_with("audit-0"));
    std::filesystem::copy_file(directory.path / names.front(), directory.path / "audit.jsonl",
                               std::filesystem::copy_options::overwrite_existing);
    const auto refused = directory.try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
    EXPECT_EQ(directory.names(), names);
}

}  // namespace
}  // namespace tailops::audit
