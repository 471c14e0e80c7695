#include "gateway/audit/waiter.hpp"

#include "gateway/async/runtime.hpp"

#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>

#include <atomic>

namespace tailops::audit {
namespace {

namespace asio = boost::asio;
using Strand = asio::strand<asio::io_context::executor_type>;

/// `count` waiters of a strand each; `told` counts those that hear `expected` on their own strand.
std::vector<Waiter> waiters(Runtime& runtime,
                            std::size_t count,
                            bool expected,
                            std::atomic<std::size_t>& told)
{
    std::vector<Waiter> out;
    for (std::size_t i = 0; i < count; ++i) {
        const Strand strand{runtime.io.get_executor()};
        out.push_back({strand, [strand, expected, &told](const Status& status) {
                           if (status.has_value() == expected && strand.running_in_this_thread()) {
                               ++told;
                           }
                       }});
    }
    return out;
}

TEST(Waiter, IsToldOnceOnItsOwnStrandHoweverManyThereAre)
{
    for (const std::size_t count : {1U, 16U, 17U, 100U}) {
        Runtime runtime{2, 1};
        std::atomic<std::size_t> told{0};
        auto all = waiters(runtime, count, true, told);
        tell(all, Status{});
        EXPECT_EQ(told, 0U) << "nobody runs on the thread that tells";
        runtime.run();
        EXPECT_EQ(told, count);
    }
}

TEST(Waiter, LearnsWhatWentWrong)
{
    Runtime runtime{1, 1};
    std::atomic<std::size_t> told{0};
    auto all = waiters(runtime, 20, false, told);
    tell(all, fail(Errc::unavailable, "the disk is full"));
    runtime.run();
    EXPECT_EQ(told, 20U);
}

TEST(Waiter, ThatIsEmptyIsNobody)
{
    EXPECT_FALSE(Waiter{});
    EXPECT_TRUE((Waiter{{}, [](const Status&) {}}));
}

}  // namespace
}  // namespace tailops::audit
