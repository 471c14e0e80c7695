#include "targets/ssh/wakeup.hpp"

#include "tests/support/run.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <memory>

namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;

TEST(SshWakeup, LetsOthersOnItsStrandRunHoweverOftenItIsRung)
{
    const auto last = testing::run([](Runtime&) -> Task<Wake> {
        const auto strand = co_await boost::asio::this_coro::executor;
        Alarm alarm{strand};
        Wakeup wakeup{alarm};
        const auto has_run = std::make_shared<bool>(false);
        boost::asio::post(strand, [has_run] { *has_run = true; });
        const auto deadline = after(30s);
        auto wake = Wake::rung;
        while (wake == Wake::rung && !*has_run) {
            wakeup.ring();
            wake = co_await wakeup.wait(deadline);
        }
        co_return wake;
    });
    EXPECT_EQ(last, Wake::rung) << "only its deadline ended it";
}

TEST(SshWakeup, RingsNoMoreOnceItsDeadlineHasPassed)
{
    const auto wake = testing::run([](Runtime&) -> Task<Wake> {
        Alarm alarm{co_await boost::asio::this_coro::executor};
        Wakeup wakeup{alarm};
        wakeup.ring();
        co_return co_await wakeup.wait(after(-1ms));
    });
    EXPECT_EQ(wake, Wake::deadline);
}

}  // namespace
}  // namespace tailops::targets::ssh
