#include "gateway/audit/recovery.hpp"

#include "gateway/async/runtime.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <boost/asio/strand.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <sstream>

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

struct Torn {
    const char* name;
    const char* text;
};
class RecoveryTorn : public ::testing::TestWithParam<Torn> {};

TEST_P(RecoveryTorn, MovesATornEndAside)
{
    TrailDirectory directory;
    crash(directory);
    const auto whole = directory.text();
    directory.rewrite(whole + GetParam().text);
    {
        const auto trail = directory.open();
        ASSERT_TRUE(trail);
        ASSERT_TRUE(directory.append(*trail, intent("after")));
    }
    EXPECT_EQ(directory.text("audit.torn"), GetParam().text);
    EXPECT_TRUE(directory.text().starts_with(whole));
    EXPECT_TRUE(directory.verified().is_sound());
    EXPECT_EQ(unknown_requests(directory), Requests{"open"});
}

INSTANTIATE_TEST_SUITE_P(All,
                         RecoveryTorn,
                         ::testing::Values(Torn{"half_a_line", R"({"seq":5,"prev":"00)"},
                                           Torn{"one_byte", "{"},
                                           Torn{"a_line_of_rubbish", "xx\n"},
                                           Torn{"rubbish_and_half_a_line", "xx\nyy"}),
                         [](const auto& row) { return row.param.name; });

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

/// Writes calls from four strands until it is killed; says each finished intent on `out`.
[[noreturn]] void write_until_killed(TrailDirectory& directory, int out)
{
    Runtime runtime{2, 1};
    auto settings = directory.settings();
    settings.rotate_bytes = 100'000;
    const auto trail = JsonlTrail::open(std::move(settings), directory.clock);
    if (!trail) ::_exit(1);
    auto& target = **trail;
    for (int strand = 0; strand < 8; ++strand) {
        boost::asio::co_spawn(
            boost::asio::make_strand(runtime.io),
            [&target, strand, out]() -> Task<void> {
                for (int i = 0;; ++i) {
                    const auto request = std::to_string(strand) + "-" + std::to_string(i);
                    if (!co_await target.append(intent(request), Durability::durable)) ::_exit(2);
                    const auto said = request + "\n";
                    if (::write(out, said.data(), said.size()) < 0) ::_exit(3);
                    if (!co_await target.append(outcome(request), Durability::buffered)) ::_exit(4);
                }
            },
            [](std::exception_ptr) { ::_exit(5); });
    }
    runtime.run();
    ::_exit(6);
}

TEST(Recovery, SurvivesAKillUnderLoad)
{
    TrailDirectory directory;
    for (int round = 0; round < 3; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(directory, ends[1]);
        }
        ::close(ends[1]);
        std::string said;
        char buffer[4096];
        while (std::ranges::count(said, '\n') < 500) {
            const auto count = ::read(ends[0], buffer, sizeof buffer);
            ASSERT_GT(count, 0) << "the writer ended by itself";
            said.append(buffer, static_cast<std::size_t>(count));
        }
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        ::close(ends[0]);

        {
            ASSERT_TRUE(directory.open());
        }
        const auto report = directory.verified();
        EXPECT_TRUE(report.is_sound()) << report.problems[0].describe();
        // What was said to be durable is there, and every intent has exactly one outcome.
        std::map<std::string, int> intents;
        std::map<std::string, int> outcomes;
        for (const auto& found : directory.found({.limit = 1'000'000})) {
            auto& seen = found.kind == LineKind::intent ? intents : outcomes;
            if (!found.record.request.empty()) ++seen[found.record.request.str()];
        }
        EXPECT_EQ(intents, outcomes);
        std::istringstream in{said.substr(0, said.rfind('\n'))};
        for (std::string request; std::getline(in, request);) EXPECT_EQ(intents.count(request), 1U);
        // The next round's numbers start over, so it gets a directory of its own.
        for (const auto& name : directory.names()) std::filesystem::remove(directory.path / name);
    }
}

}  // namespace
}  // namespace tailops::audit
