#include "gateway/audit/chain.hpp"
#include "gateway/audit/reader.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <thread>

namespace tailops::audit {
namespace {

/// A trail of one header, five calls (ten lines) and an orderly end.
void write_calls(TrailDirectory& directory)
{
    const auto trail = directory.open();
    for (const auto* request : {"a", "b", "c", "d", "e"}) {
        ASSERT_TRUE(directory.append(*trail, intent(request)));
        ASSERT_TRUE(directory.append(*trail, outcome(request)));
    }
}

std::vector<Problem::Kind> kinds(const Report& report)
{
    std::vector<Problem::Kind> kinds;
    for (const auto& problem : report.problems) kinds.push_back(problem.kind);
    return kinds;
}

using Kinds = std::vector<Problem::Kind>;
using Kind = Problem::Kind;

TEST(Verify, FindsAnUntouchedTrailSound)
{
    TrailDirectory directory;
    write_calls(directory);
    const auto report = directory.verified();
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.files, 1U);
    EXPECT_EQ(report.records, 12U);  // header, ten records, close
    EXPECT_EQ(report.first_seq, 1U);
    EXPECT_EQ(report.last_seq, 12U);
    EXPECT_FALSE(report.first_time.empty());
    EXPECT_TRUE(report.notes.empty());
    EXPECT_FALSE(report.is_live);
}

struct Tampering {
    const char* name;
    void (*change)(std::vector<std::string>& lines);
    Kinds expected;
    std::uint64_t line;
};

class VerifyTampering : public ::testing::TestWithParam<Tampering> {};

TEST_P(VerifyTampering, IsFoundWhereItHappened)
{
    TrailDirectory directory;
    write_calls(directory);
    auto lines = directory.lines();
    GetParam().change(lines);
    directory.rewrite_lines(lines);
    const auto report = directory.verified();
    EXPECT_EQ(kinds(report), GetParam().expected);
    ASSERT_FALSE(report.problems.empty());
    EXPECT_EQ(report.problems[0].file, "audit.jsonl");
    EXPECT_EQ(report.problems[0].line, GetParam().line);
}

void replace(std::string& line, std::string_view from, std::string_view to)
{
    line.replace(line.find(from), from.size(), to);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    VerifyTampering,
    ::testing::Values(Tampering{"a_flipped_byte",
                                [](auto& lines) { replace(lines[3], "alice", "malice"); },
                                {Kind::mac_wrong},
                                4},
                      Tampering{"a_changed_mac",
                                [](auto& lines) {
                                    auto& digit = lines[3][lines[3].size() - 3];
                                    digit = digit == '0' ? '1' : '0';
                                },
                                {Kind::mac_wrong, Kind::chain_broken},
                                4},
                      Tampering{"a_changed_number",
                                [](auto& lines) { replace(lines[3], "\"seq\":4", "\"seq\":9"); },
                                {Kind::gap, Kind::mac_wrong, Kind::chain_broken},
                                4},
                      Tampering{"a_deleted_line",
                                [](auto& lines) { lines.erase(lines.begin() + 3); },
                                {Kind::gap},
                                4},
                      Tampering{"two_swapped_lines",
                                [](auto& lines) { std::swap(lines[3], lines[4]); },
                                {Kind::gap, Kind::chain_broken, Kind::gap, Kind::no_outcome},
                                4},
                      Tampering{"a_repeated_line",
                                [](auto& lines) { lines.insert(lines.begin() + 3, lines[3]); },
                                {Kind::chain_broken},
                                5},
                      Tampering{"a_line_that_is_none",
                                [](auto& lines) { lines[3] = "# nothing to see"; },
                                {Kind::unreadable},
                                4},
                      Tampering{"a_missing_beginning",
                                [](auto& lines) { lines.erase(lines.begin()); },
                                {Kind::unreadable, Kind::missing_files},
                                1}),
    [](const auto& row) { return row.param.name; });

TEST(Verify, FindsATornTail)
{
    TrailDirectory directory;
    write_calls(directory);
    auto text = directory.text();
    directory.rewrite(text.substr(0, text.size() - 10));
    EXPECT_EQ(kinds(directory.verified()), Kinds{Kind::torn});
}

TEST(Verify, NotesAnEndCutOffBetweenTwoLinesAndProvesItFromAnAnchor)
{
    TrailDirectory directory;
    write_calls(directory);
    const auto head = directory.verified().head;
    EXPECT_TRUE(verify(directory.path, TrailDirectory::key(), {.anchor = head})->is_sound());

    auto lines = directory.lines();
    lines.resize(7);
    directory.rewrite_lines(lines);
    const auto without = directory.verified();
    EXPECT_TRUE(without.is_sound());
    ASSERT_EQ(without.notes.size(), 1U);  // does not end with an orderly stop
    const auto with = verify(directory.path, TrailDirectory::key(), {.anchor = head});
    ASSERT_TRUE(with);
    EXPECT_EQ(kinds(*with), Kinds{Kind::anchor_missed});
}

TEST(Verify, SaysThatTheKeyIsAnother)
{
    TrailDirectory directory;
    write_calls(directory);
    const auto report = directory.verified(Secret{std::string(32, 'x')});
    EXPECT_EQ(kinds(report), Kinds{Kind::wrong_key});
}

TEST(Verify, AForgerWithoutTheKeyIsFound)
{
    TrailDirectory directory;
    write_calls(directory);
    // The whole chain made anew with a key of the forger's, under the true key's id.
    TrailDirectory forged;
    auto settings = forged.settings();
    settings.key = Secret{std::string(32, 'f')};
    {
        ASSERT_TRUE(directory.append(*forged.open(std::move(settings)), intent("a")));
    }
    auto lines = forged.lines();
    lines[0] = directory.lines()[0];
    directory.rewrite_lines(lines);
    const auto report = directory.verified();
    EXPECT_FALSE(report.is_sound());
    EXPECT_EQ(report.problems[0].kind, Kind::chain_broken);
}

/// The chain of these bodies, sealed with the directory's key, as audit.jsonl.
void forge(const TrailDirectory& directory, const std::vector<std::string>& bodies)
{
    KeyedMac mac{TrailDirectory::key()};
    ChainPosition position;
    std::string text;
    seal(text, encode_file_body(mac.key_id(), 1, directory.clock.now()), position, mac);
    for (const auto& body : bodies) seal(text, body, position, mac);
    directory.rewrite(text);
}

TEST(Verify, FindsACallOfARunThatIsOverWithoutAnOutcome)
{
    TrailDirectory directory;
    const auto now = directory.clock.now();
    const auto begun = encode_body(intent("a"), now);
    const auto ended = encode_body(outcome("a"), now);
    const auto again = as_open_body(begun);
    const auto close = encode_close_body(1, now);
    const auto unclean = encode_unclean_body(2, now);
    const struct {
        const char* name;
        std::vector<std::string> bodies;
        Kinds expected;
    } rows[] = {
        {"it ended", {begun, ended, close}, {}},
        {"the gateway stopped in order", {begun, close}, {Kind::no_outcome}},
        {"carried over, it stopped in order", {begun, again, close}, {Kind::no_outcome}},
        {"it goes on", {begun}, {}},
        {"the next start does not know of it", {begun, unclean}, {Kind::no_outcome}},
        {"the next start knows of it", {begun, unclean, ended}, {}},
        {"it began after that start", {unclean, begun}, {}},
        {"it began again and ended", {begun, unclean, ended, begun, ended, close}, {}},
    };
    for (const auto& [name, bodies, expected] : rows) {
        forge(directory, bodies);
        EXPECT_EQ(kinds(directory.verified()), expected) << name;
    }
}

TEST(Verify, TellsOfAlarmsAndNoticesAndOnlyAlarmsAreProblems)
{
    TrailDirectory directory;
    Record alarm{.why = "evidence is gone", .outcome = std::string{outcome_alarm}};
    Record notice{.why = "a backup was restored", .outcome = std::string{outcome_notice}};
    // A caller's words are no event of ours.
    auto hostile = intent("a");
    hostile.parameters = R"({"x":",\"outcome\":\"alarm\""})";
    const auto now = directory.clock.now();
    forge(directory, {encode_body(hostile, now), encode_body(outcome("a"), now),
                      encode_body(notice, now), encode_close_body(1, now)});
    const auto noted = directory.verified();
    EXPECT_TRUE(noted.is_sound());
    ASSERT_EQ(noted.notes.size(), 1U);
    EXPECT_NE(noted.notes[0].find("record 4"), std::string::npos);
    EXPECT_NE(noted.notes[0].find("a backup was restored"), std::string::npos);
    forge(directory, {encode_body(alarm, now), encode_close_body(1, now)});
    EXPECT_EQ(kinds(directory.verified()), Kinds{Kind::alarm});
}

TEST(Verify, HoldsEachRemovalToTheOneBeforeIt)
{
    TrailDirectory directory;
    const auto now = directory.clock.now();
    const auto removal = [&](std::uint64_t from, std::uint64_t to) {
        return encode_removal_body(
            {.file = "f", .first_seq = from, .last_seq = to, .last_mac = std::string(64, '0')},
            now);
    };
    const auto close = encode_close_body(1, now);
    forge(directory, {removal(1, 50), removal(51, 90), close});
    EXPECT_TRUE(directory.verified().is_sound());
    forge(directory, {removal(1, 50), removal(61, 90), close});
    EXPECT_EQ(kinds(directory.verified()), Kinds{Kind::missing_files});
}

TEST(Examine, TellsWhatAStartWouldFindAndChangesNothing)
{
    TrailDirectory directory;
    {
        const auto trail = directory.open();
        ASSERT_TRUE(directory.append(*trail, intent("a")));
        EXPECT_TRUE(examine(directory.path, TrailDirectory::key())->is_live);
    }
    const auto torn = directory.text() + "{";
    directory.rewrite(torn);
    directory.rewrite("mine\n", "audit-000000000000.jsonl");
    const auto found = examine(directory.path, TrailDirectory::key());
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_FALSE(found->has_ended_in_order);
    EXPECT_EQ(found->torn_bytes, 1U);
    EXPECT_EQ(found->open_calls, 1U);
    EXPECT_EQ(found->strange.size(), 1U);
    EXPECT_EQ(directory.text(), torn);
    directory.rewrite(torn + "x\n");
    EXPECT_FALSE(examine(directory.path, TrailDirectory::key()));
}

TEST(Verify, RefusesADirectoryWithoutATrail)
{
    TrailDirectory directory;
    const auto report = verify(directory.path, TrailDirectory::key());
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Errc::not_found);
}

TEST(Verify, ReadsTheKeyThatLiesWithTheTrail)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.key.reset();
    {
        ASSERT_TRUE(directory.append(*directory.open(std::move(settings)), intent("a")));
    }
    const auto key = read_trail_key(directory.path);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->reveal().size(), 32U);
    EXPECT_TRUE(directory.verified(*key).is_sound());
}

TEST(Verify, WorksWhileTheTrailIsWritten)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 64 * 1024;
    settings.files_max = 3;
    settings.queue_bytes_max = 64 * 1024 * 1024;  // room for all, however slow the disk is
    const auto trail = directory.open(std::move(settings));
    std::atomic<bool> is_done{false};
    std::jthread writing{[&] {
        for (int round = 0; round < 40; ++round) {
            std::vector<Record> records;
            for (int i = 0; i < 50; ++i) {
                const auto request = std::to_string(round * 50 + i);
                records.push_back(intent(request));
                records.push_back(outcome(request));
            }
            EXPECT_TRUE(directory.append_all(*trail, std::move(records), Durability::buffered));
        }
        is_done = true;
    }};
    int looks = 0;
    do {
        const auto report = directory.verified();
        ASSERT_TRUE(report.is_sound()) << report.problems[0].describe();
        EXPECT_TRUE(report.is_live);
        ASSERT_FALSE(directory.found({.limit = 3, .order = Query::Order::newest_first}).size() > 3);
        ++looks;
    } while (!is_done);
    EXPECT_GT(looks, 0);
}

}  // namespace
}  // namespace tailops::audit
