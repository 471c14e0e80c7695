#include "gateway/net/lookups.hpp"

#include "gateway/async/deadline.hpp"
#include "tests/support/descriptors_left.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

namespace tailops::net {
namespace {
using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::run;

/// Name servers that are silent for the names of `dead.` until the test lets them speak.
class FakeServers {
public:
    ~FakeServers() { speak(); }

    /// Shared, because the threads that ask may outlive the test's objects.
    static std::shared_ptr<FakeServers> make() { return std::make_shared<FakeServers>(); }

    Found answer(const std::string& name)
    {
        std::unique_lock lock{mutex_};
        ++asked_[name];
        changed_.notify_all();
        if (name.starts_with("dead")) changed_.wait(lock, [this] { return speaks_; });
        return {{}, {asio::ip::make_address("192.0.2.1")}};
    }
    void speak()
    {
        const std::scoped_lock lock{mutex_};
        speaks_ = true;
        changed_.notify_all();
    }
    int asked(const std::string& name)
    {
        const std::scoped_lock lock{mutex_};
        return asked_[name];
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, int> asked_;
    bool speaks_{false};
};

Lookups::LookUp asking(std::shared_ptr<FakeServers> servers)
{
    return [servers](const std::string& name) { return servers->answer(name); };
}

Task<Result<Found>> find(Lookups& lookups, std::string name)
{
    co_return co_await lookups.find(std::move(name));
}

Task<void> pause()
{
    asio::steady_timer turn{co_await asio::this_coro::executor, 1ms};
    co_await turn.async_wait(asio::use_awaitable);
}

TEST(Lookups, FindsTheAddressesOfAName)
{
    const auto found = run([&](Runtime&) -> Task<Result<Found>> {
        Lookups lookups;
        co_return co_await find(lookups, "localhost");
    });
    ASSERT_TRUE(found);
    ASSERT_FALSE(found->error) << found->error.message();
    for (const auto& address : found->addresses) EXPECT_TRUE(address.is_loopback());
    EXPECT_FALSE(found->addresses.empty());
}

TEST(Lookups, SaysThatANameIsUnknown)
{
    const auto found = run([&](Runtime&) -> Task<Result<Found>> {
        Lookups lookups;
        co_return co_await find(lookups, "no such name.invalid");
    });
    EXPECT_TRUE(found->error);
    EXPECT_TRUE(found->addresses.empty());
}

TEST(Lookups, ANameWhoseServersAreSilentHoldsUpNoOther)
{
    const auto servers = FakeServers::make();
    run([&](Runtime& runtime) -> Task<void> {
        Lookups lookups{asking(servers)};
        std::atomic<int> answered{0};
        for (int i = 0; i < 3; ++i) {
            asio::co_spawn(asio::make_strand(runtime.io),
                           find(lookups, "dead-" + std::to_string(i)),
                           [&answered](std::exception_ptr, Result<Found>) { ++answered; });
        }
        const auto found = co_await with_deadline<Found>(after(60s), find(lookups, "good"));
        EXPECT_TRUE(found && !found->error);
        EXPECT_EQ(answered, 0);
        servers->speak();
        while (answered < 3) co_await pause();
    });
}

TEST(Lookups, WhoWaitsLeavesAtItsDeadlineAndOthersWaitOn)
{
    const auto servers = FakeServers::make();
    run([&](Runtime& runtime) -> Task<void> {
        Lookups lookups{asking(servers)};
        std::atomic<int> answered{0};
        for (int i = 0; i < 4; ++i) {
            asio::co_spawn(asio::make_strand(runtime.io),
                           with_deadline<Found>(after(100s), find(lookups, "dead")),
                           [&answered](std::exception_ptr, const Result<Found>& found) {
                               if (found && !found->error) ++answered;
                           });
        }
        const auto start = std::chrono::steady_clock::now();
        const auto late = co_await with_deadline<Found>(after(20ms), find(lookups, "dead"));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
        if (late) EXPECT_EQ(late->error, asio::error::operation_aborted);
        EXPECT_EQ(answered, 0);
        servers->speak();
        while (answered < 4) co_await pause();
    });
    EXPECT_EQ(servers->asked("dead"), 1) << "one lookup for all who wait";
}

TEST(Lookups, DropsANameThatNobodyWaitsForAnyMore)
{
    const auto servers = FakeServers::make();
    run([&](Runtime&) -> Task<void> {
        Lookups lookups{asking(servers), 1};
        (void)co_await with_deadline<Found>(after(5ms), find(lookups, "dead"));
        (void)co_await with_deadline<Found>(after(5ms), find(lookups, "left"));
        servers->speak();
        const auto found = co_await with_deadline<Found>(after(60s), find(lookups, "good"));
        EXPECT_TRUE(found && !found->error);
    });
    EXPECT_EQ(servers->asked("left"), 0);
    EXPECT_EQ(servers->asked("good"), 1);
}

// The resolver says that there is no such name when it could not open a file to look into.
TEST(Lookups, TellsOurShortageFromANameThatIsNone)
{
    const tailops::testing::DescriptorsLeft none{0};
    EXPECT_EQ(look_up("localhost").error, boost::system::errc::too_many_files_open);
}

TEST(Lookups, ItsEndDoesNotWaitForALookup)
{
    const auto servers = FakeServers::make();
    const auto start = std::chrono::steady_clock::now();
    {
        Runtime runtime{1, 1};
        Lookups lookups{asking(servers)};
        asio::co_spawn(runtime.io, find(lookups, "dead"), [](std::exception_ptr, Result<Found>) {});
        runtime.io.run_for(20ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
    servers->speak();  // the answer comes, and nobody is there
}

TEST(Lookups, ServesManyStrandsAtOnce)
{
    const auto servers = FakeServers::make();
    std::atomic<int> good{0};
    Runtime runtime{4, 1};
    Lookups lookups{asking(servers), 4};
    for (int i = 0; i < 400; ++i) {
        asio::co_spawn(asio::make_strand(runtime.io),
                       find(lookups, "name-" + std::to_string(i % 23)),
                       [&good](std::exception_ptr, const Result<Found>& found) {
                           if (found && !found->error) ++good;
                       });
    }
    runtime.run();
    EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace tailops::net
