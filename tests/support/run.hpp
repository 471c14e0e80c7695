#pragma once

#include "gateway/async/runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <exception>
#include <optional>

namespace tailops::testing {

/// Runs the coroutine `make_task(runtime)` to completion on a strand of its own over `threads`
/// threads and returns what it returns.
template <class F>
auto run(F make_task, int threads = 2)
{
    using Value = typename std::invoke_result_t<F&, Runtime&>::value_type;
    Runtime runtime{threads, 2};
    std::exception_ptr thrown;
    if constexpr (std::is_void_v<Value>) {
        boost::asio::co_spawn(
            boost::asio::make_strand(runtime.io), [&] { return make_task(runtime); },
            [&](std::exception_ptr error) { thrown = error; });
        runtime.run();
        if (thrown) std::rethrow_exception(thrown);
    } else {
        std::optional<Value> value;
        boost::asio::co_spawn(
            boost::asio::make_strand(runtime.io), [&] { return make_task(runtime); },
            [&](std::exception_ptr error, Value got) {
                thrown = error;
                if (!thrown) value.emplace(std::move(got));
            });
        runtime.run();
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*value);
    }
}

}  // namespace tailops::testing
