#include "gateway/audit/jsonl_trail.hpp"

#include "tests/support/faults.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <semaphore>
#include <thread>

namespace tailops::audit {
namespace {

namespace asio = boost::asio;

/// Holds the writer inside its sync until the test lets it go on.
class Gate {
public:
    std::shared_ptr<Disk> disk()
    {
        auto disk = std::make_shared<testing::FaultyDisk>();
        disk->before_step = [this](testing::FaultyDisk::Step step) {
            if (step != testing::FaultyDisk::Step::sync_data || !is_armed.exchange(false)) return;
            entered.release();
            leave.acquire();
        };
        return disk;
    }
    std::atomic<bool> is_armed{false};
    std::binary_semaphore entered{0};
    std::binary_semaphore leave{0};
};

TEST(JsonlTrail, WritesIntentAndOutcomeInOrder)
{
    TrailDirectory directory;
    const auto trail = directory.open();
    ASSERT_TRUE(directory.append(*trail, intent("a")));
    ASSERT_TRUE(directory.append(*trail, outcome("a")));
    EXPECT_TRUE(trail->health());
    const auto found = directory.found({.order = Query::Order::oldest_first});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].kind, LineKind::intent);
    EXPECT_EQ(found[1].record.outcome, "ok");
    EXPECT_EQ(found[1].seq, found[0].seq + 1);
}

TEST(JsonlTrail, ADurableRecordIsSyncedAndABufferedOneRidesWithIt)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.flush_interval = std::chrono::hours{1};
    const auto trail = directory.open(std::move(settings));
    const auto before = trail->counters();
    ASSERT_TRUE(directory.append(*trail, intent("a"), Durability::buffered));
    EXPECT_EQ(trail->counters().syncs, before.syncs);
    EXPECT_EQ(trail->counters().queued, 1U);
    EXPECT_EQ(directory.found({}).size(), 0U);
    ASSERT_TRUE(directory.append(*trail, outcome("a"), Durability::durable));
    EXPECT_EQ(trail->counters().syncs, before.syncs + 1);
    EXPECT_EQ(trail->counters().queued, 0U);
    EXPECT_EQ(directory.found({}).size(), 2U);
}

TEST(JsonlTrail, FlushWaitsForWhatWasBuffered)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.flush_interval = std::chrono::hours{1};
    const auto trail = directory.open(std::move(settings));
    ASSERT_TRUE(directory.append(*trail, intent("a"), Durability::buffered));
    ASSERT_TRUE(directory.flush(*trail));
    EXPECT_EQ(directory.found({}).size(), 1U);
}

TEST(JsonlTrail, WritesBufferedRecordsUnaskedAndAtTheEnd)
{
    TrailDirectory directory;
    {
        auto settings = directory.settings();
        settings.flush_interval = std::chrono::milliseconds{1};
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(directory.append(*trail, intent("a"), Durability::buffered));
        while (trail->counters().records == 0) std::this_thread::yield();
        EXPECT_EQ(directory.found({}).size(), 1U);
    }
    {
        auto settings = directory.settings();
        settings.flush_interval = std::chrono::hours{1};
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(directory.append(*trail, intent("b"), Durability::buffered));
    }
    EXPECT_EQ(directory.found({.filter = {.request = "b"}}).size(), 1U);
    EXPECT_TRUE(directory.verified().is_sound());
}

TEST(JsonlTrail, ManyDurableAppendsShareOneSync)
{
    TrailDirectory directory;
    Gate gate;
    auto settings = directory.settings();
    settings.disk = gate.disk();
    const auto trail = directory.open(std::move(settings));
    const auto before = trail->counters().syncs;

    int returned = 0;
    const auto spawn = [&](int number) {
        asio::co_spawn(
            directory.io,
            [&, number]() -> Task<void> {
                const auto request = std::to_string(number);
                EXPECT_TRUE(co_await trail->append(intent(request), Durability::durable));
                ++returned;
            },
            [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
        directory.io.poll();  // on to where it waits for the disk
    };
    gate.is_armed = true;
    spawn(0);
    gate.entered.acquire();
    for (int i = 1; i < 64; ++i) spawn(i);
    EXPECT_EQ(trail->counters().queued, 63U);
    EXPECT_EQ(returned, 0);
    gate.leave.release();
    directory.io.run();
    EXPECT_EQ(returned, 64);
    EXPECT_EQ(trail->counters().syncs - before, 2U);
    EXPECT_EQ(directory.found({.limit = 1000}).size(), 64U);
}

TEST(JsonlTrail, ACancelledCallersRecordIsWrittenAllTheSame)
{
    TrailDirectory directory;
    Gate gate;
    auto settings = directory.settings();
    settings.disk = gate.disk();
    const auto trail = directory.open(std::move(settings));
    asio::cancellation_signal signal;
    std::optional<Status> answer;
    gate.is_armed = true;
    asio::co_spawn(
        directory.io,
        [&]() -> Task<void> { answer = co_await trail->append(outcome("a"), Durability::durable); },
        asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    directory.io.poll();
    gate.entered.acquire();
    signal.emit(asio::cancellation_type::terminal);
    directory.io.poll();
    EXPECT_FALSE(answer);  // the wait goes on
    gate.leave.release();
    directory.io.run();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(*answer);
    EXPECT_EQ(directory.found({}).size(), 1U);
}

TEST(JsonlTrail, CancellationReachesTheCallerAgainAfterTheAppend)
{
    TrailDirectory directory;
    const auto trail = directory.open();
    asio::cancellation_signal signal;
    bool is_cancelled = false;
    asio::co_spawn(
        directory.io,
        [&]() -> Task<void> {
            EXPECT_TRUE(co_await trail->append(intent("a"), Durability::durable));
            asio::steady_timer timer{directory.io, std::chrono::hours{1}};
            asio::post(directory.io, [&] { signal.emit(asio::cancellation_type::terminal); });
            try {
                co_await timer.async_wait(asio::use_awaitable);
            } catch (const boost::system::system_error&) {
                is_cancelled = true;
            }
        },
        asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    directory.io.run();
    EXPECT_TRUE(is_cancelled);
}

TEST(JsonlTrail, AFullQueueRefusesAndRecovers)
{
    TrailDirectory directory;
    asio::io_context held;  // of the caller behind the gate
    Gate gate;
    auto settings = directory.settings();
    settings.queue_bytes_max = 2 * line_bytes_max;
    settings.disk = gate.disk();
    const auto trail = directory.open(std::move(settings));
    gate.is_armed = true;
    asio::co_spawn(
        held, [&]() -> Task<void> { EXPECT_TRUE(co_await trail->flush()); },
        [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
    held.poll();
    gate.entered.acquire();

    Status last;
    for (int i = 0; i < 100'000 && last; ++i) {
        last = directory.append(*trail, intent(std::to_string(i)), Durability::buffered);
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code(), Errc::unavailable);
    EXPECT_FALSE(directory.append(*trail, intent("durable"), Durability::durable));
    const auto accepted = trail->counters().queued;
    gate.leave.release();
    held.run();
    while (trail->counters().queued > 0) std::this_thread::yield();
    EXPECT_TRUE(directory.append(*trail, intent("again"), Durability::durable));
    EXPECT_EQ(directory.found({.limit = 100'000}).size(), accepted + 1);
}

TEST(JsonlTrail, OneDirectoryHasOneWriter)
{
    TrailDirectory directory;
    auto first = directory.open();
    const auto second = directory.try_open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::unavailable);
    EXPECT_EQ(second.error().public_message(), "another daemon writes this audit trail");
    EXPECT_TRUE(directory.append(*first, intent("a")));
    first.reset();
    EXPECT_TRUE(directory.try_open());
}

TEST(JsonlTrail, FilesAreForTheOwnerAlone)
{
    TrailDirectory directory;
    const auto mask = ::umask(0);
    auto settings = directory.settings();
    settings.directory = directory.path / "state";
    settings.key.reset();
    settings.rotate_bytes = 500;
    const auto state = settings.directory;
    {
        const auto trail = directory.open(std::move(settings));
        for (const auto* request : {"a", "b", "c"})
            ASSERT_TRUE(directory.append(*trail, intent(request)));
    }
    ::umask(mask);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{state}) {
        EXPECT_EQ(static_cast<int>(entry.status().permissions()), 0600) << entry.path();
        ++files;
    }
    EXPECT_GE(files, 4);  // key, lock, current, rotated
    EXPECT_EQ(static_cast<int>(std::filesystem::status(state).permissions()), 0700);
}

TEST(JsonlTrail, RefusesAKeyThatOthersCanRead)
{
    TrailDirectory directory;
    directory.rewrite(std::string(32, 'k'), "audit.key");
    const auto open = [&] {
        auto settings = directory.settings();
        settings.key.reset();
        return JsonlTrail::open(std::move(settings), directory.clock);
    };
    using std::filesystem::perms;
    std::filesystem::permissions(directory.path / "audit.key",
                                 perms::owner_read | perms::group_read);
    EXPECT_FALSE(open());
    std::filesystem::permissions(directory.path / "audit.key", perms::owner_read);
    EXPECT_TRUE(open());
    directory.rewrite("short", "audit.key");
}

TEST(JsonlTrail, RefusesSettingsThatCannotWork)
{
    TrailDirectory directory;
    const auto refused = [&](auto change) {
        auto settings = directory.settings();
        change(settings);
        const auto trail = JsonlTrail::open(std::move(settings), directory.clock);
        return !trail && trail.error().code() == Errc::invalid_argument;
    };
    EXPECT_TRUE(refused([](auto& settings) { settings.directory.clear(); }));
    EXPECT_TRUE(refused([](auto& settings) { settings.files_max = 1; }));
    EXPECT_TRUE(refused([](auto& settings) { settings.rotate_bytes = 0; }));
    EXPECT_TRUE(refused([](auto& settings) { settings.queue_bytes_max = 1000; }));
    EXPECT_TRUE(refused([](auto& settings) { settings.key = Secret{"short"}; }));
    EXPECT_FALSE(refused([](auto&) {}));
}

TEST(JsonlTrail, RotationKeepsTheChainAndCarriesOpenIntents)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 2000;
    {
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(directory.append(*trail, intent("long")));
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(directory.append(*trail, intent(std::to_string(i))));
            ASSERT_TRUE(directory.append(*trail, outcome(std::to_string(i))));
        }
        EXPECT_GT(trail->counters().rotations, 2U);
    }
    const auto report = directory.verified();
    EXPECT_TRUE(report.is_sound());
    EXPECT_GT(report.files, 3U);
    EXPECT_EQ(report.first_seq, 1U);
    EXPECT_EQ(directory.found({.limit = 1000}).size(), 41U);
    // The intent stands many files back; the next start knows it from the newest alone.
    const auto trail = directory.open();
    EXPECT_EQ(trail->counters().recovered, 1U);
    const auto unknown = directory.found({.filter = {.outcome = "unknown"}});
    ASSERT_EQ(unknown.size(), 1U);
    EXPECT_EQ(unknown[0].record.request.view(), "long");
    EXPECT_EQ(unknown[0].record.target.view(), "web-01");
}

TEST(JsonlTrail, RetentionSaysWhatItRemoved)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 2000;
    settings.files_max = 3;
    {
        const auto trail = directory.open(std::move(settings));
        for (int i = 0; i < 30; ++i) {
            ASSERT_TRUE(directory.append(*trail, intent(std::to_string(i))));
            ASSERT_TRUE(directory.append(*trail, outcome(std::to_string(i))));
        }
    }
    const auto report = directory.verified();
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.files, 3U);
    EXPECT_GT(report.first_seq, 1U);
    ASSERT_EQ(report.notes.size(), 1U);
    EXPECT_NE(report.notes[0].find("removed by retention"), std::string::npos);

    // A file that somebody else removed is another matter.
    for (const auto& name : directory.names()) {
        if (!name.starts_with("audit-")) continue;
        std::filesystem::remove(directory.path / name);
        break;
    }
    const auto robbed = directory.verified();
    ASSERT_EQ(robbed.problem_count, 1U);
    EXPECT_EQ(robbed.problems[0].kind, Problem::Kind::missing_files);
}

TEST(JsonlTrail, AMissingFileInTheMiddleIsAGap)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.rotate_bytes = 2000;
    {
        const auto trail = directory.open(std::move(settings));
        for (int i = 0; i < 30; ++i)
            ASSERT_TRUE(directory.append(*trail, intent(std::to_string(i))));
    }
    std::vector<std::string> rotated;
    for (const auto& name : directory.names()) {
        if (name.starts_with("audit-")) rotated.push_back(name);
    }
    ASSERT_GT(rotated.size(), 2U);
    std::filesystem::remove(directory.path / rotated[1]);
    const auto report = directory.verified();
    ASSERT_EQ(report.problem_count, 1U);
    EXPECT_EQ(report.problems[0].kind, Problem::Kind::gap);
    EXPECT_EQ(report.problems[0].file, rotated[2]);
}

TEST(JsonlTrail, GivesUpTheOldestOpenIntentBeyondTheBound)
{
    TrailDirectory directory;
    auto settings = directory.settings();
    settings.open_intents_max = 2;
    const auto trail = directory.open(std::move(settings));
    for (const auto* request : {"a", "b", "c"})
        ASSERT_TRUE(directory.append(*trail, intent(request)));
    ASSERT_TRUE(directory.flush(*trail));
    const auto unknown = directory.found({.filter = {.outcome = "unknown"}});
    ASSERT_EQ(unknown.size(), 1U);
    EXPECT_EQ(unknown[0].record.request.view(), "a");
}

}  // namespace
}  // namespace tailops::audit
