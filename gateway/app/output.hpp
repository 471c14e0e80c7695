#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/runtime.hpp"
#include "gateway/core/error.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <optional>
#include <string_view>

namespace tailops::app {

/// To stdout, all of it: what the user asked for. Errors: unavailable (it is closed, or its disk is
/// full).
[[nodiscard]] Status print(std::string_view text);

/// The last that a command has to say: prints it and returns `code`, or complains of what could not
/// be written and returns the code of a failure.
int answer(std::string_view text, int code);

/// To stderr as `tailops: <what went wrong>`, details included: who runs the command is the
/// operator. Returns `code`, so that a command can `return complain(error, exit_failed)`.
int complain(const Error& error, int code);
int complain(std::string_view text, int code);

/// Runs one coroutine to its end on `runtime`, whose objects it may use.
template <class T>
Result<T> run_task_on(Runtime& runtime, Task<Result<T>> task)
{
    std::optional<Result<T>> result;
    std::exception_ptr thrown;
    boost::asio::co_spawn(runtime.io, std::move(task),
                          [&](std::exception_ptr error, Result<T> value) {
                              thrown = error;
                              if (!thrown) result.emplace(std::move(value));
                              // A warm session would keep the loop busy for ever.
                              runtime.io.stop();
                          });
    runtime.run();
    if (thrown) std::rethrow_exception(thrown);
    return *std::move(result);
}

/// Runs one coroutine to its end on this thread: for commands that speak to something and exit.
template <class T>
Result<T> run_task(Task<Result<T>> task)
{
    Runtime runtime{1, 1};
    return run_task_on<T>(runtime, std::move(task));
}

}  // namespace tailops::app
