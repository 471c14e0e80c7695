#pragma once

#include "gateway/async/runtime.hpp"
#include "targets/executor.hpp"
#include "tests/support/permit.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

namespace tailops::bench {

/// What one lane does again and again: one operation on one target.
struct Work {
    std::shared_ptr<targets::Executor> executor;
    TargetId target;
    targets::Operation operation;
    int status_expected{0};
};

/// Does it `count` times, one after the other; throws when it fails.
inline Task<void> repeat(Work work, int count)
{
    const testing::PermitMaker permits{work.target};
    for (int i = 0; i < count; ++i) {
        auto operation = work.operation;
        auto result = co_await work.executor->run(permits.make(), std::move(operation));
        if (!result) throw std::runtime_error{result.error().describe()};
        if (result->status != work.status_expected) {
            throw std::runtime_error{work.target.str() + " answered " +
                                     std::to_string(result->status) + ": " + result->diagnostics};
        }
    }
}

/// Repeats every one of `lanes` `count` times, all lanes at once, each on a strand of its own.
inline Task<void> repeat_all(Runtime& runtime, std::vector<Work> lanes, int count)
{
    std::exception_ptr failed;
    const auto home = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer all{home, boost::asio::steady_timer::time_point::max()};
    std::size_t left = lanes.size();
    for (auto& lane : lanes) {
        boost::asio::co_spawn(boost::asio::make_strand(runtime.io), repeat(std::move(lane), count),
                              [&all, &left, &failed, home](std::exception_ptr thrown) {
                                  boost::asio::post(home, [&all, &left, &failed, thrown] {
                                      if (thrown) failed = thrown;
                                      if (--left == 0) all.cancel();
                                  });
                              });
    }
    boost::system::error_code ignored;
    co_await all.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    if (failed) std::rethrow_exception(failed);
}

}  // namespace tailops::bench
