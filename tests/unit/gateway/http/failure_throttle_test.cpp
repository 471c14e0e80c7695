#include "gateway/http/failure_throttle.hpp"

#include <gtest/gtest.h>

namespace tailops::http {
namespace {
using namespace std::chrono_literals;

const FailureThrottle::Time start{1h};

TEST(FailureThrottle, BlocksAnAddressAtItsBoundUntilTheWindowIsOver)
{
    FailureThrottle throttle{{.failures_max = 2, .window = 60s}};
    EXPECT_EQ(throttle.wait_for("a", start), 0s);
    throttle.note_failure("a", start);
    EXPECT_EQ(throttle.wait_for("a", start), 0s);
    throttle.note_failure("a", start + 10s);
    EXPECT_EQ(throttle.wait_for("a", start + 10s), 50s);
    EXPECT_EQ(throttle.wait_for("b", start + 10s), 0s);
    EXPECT_EQ(throttle.wait_for("a", start + 60s), 0s);
}

TEST(FailureThrottle, CountsAnewAfterTheWindow)
{
    FailureThrottle throttle{{.failures_max = 2, .window = 60s}};
    throttle.note_failure("a", start);
    throttle.note_failure("a", start);
    throttle.note_failure("a", start + 60s);
    EXPECT_EQ(throttle.wait_for("a", start + 60s), 0s);
}

TEST(FailureThrottle, ForgetsTheOldestAddressWhenItIsFull)
{
    FailureThrottle throttle{{.failures_max = 1, .window = 60s, .addresses_max = 2}};
    throttle.note_failure("a", start);
    throttle.note_failure("b", start + 1s);
    throttle.note_failure("c", start + 2s);
    EXPECT_EQ(throttle.wait_for("a", start + 2s), 0s);
    EXPECT_EQ(throttle.wait_for("b", start + 2s), 59s);
    EXPECT_EQ(throttle.wait_for("c", start + 2s), 60s);
}

}  // namespace
}  // namespace tailops::http
