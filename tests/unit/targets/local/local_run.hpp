#pragma once

#include "targets/local/local_executor.hpp"
#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tailops::targets {

using namespace std::chrono_literals;

inline policy::Permit permit(std::chrono::milliseconds timeout = 120s, std::size_t limit = 65'536)
{
    policy::Obligations obligations;
    obligations.timeout = timeout;
    obligations.output_limit_bytes = limit;
    return testing::any_permit(TargetId{"local"}, obligations);
}

// The daemon ignores SIGPIPE (gateway/app/daemon.cpp); a program that does not read its input must
// not end us.
[[maybe_unused]] inline const auto ignored = ::signal(SIGPIPE, SIG_IGN);

inline Result<ExecutionResult> run(Command command,
                                   std::chrono::milliseconds timeout = 120s,
                                   std::size_t limit = 65'536)
{
    LocalExecutor executor;
    return testing::run([&](Runtime&) -> Task<Result<ExecutionResult>> {
        co_return co_await executor.run(permit(timeout, limit), std::move(command));
    });
}

/// Whether some process of this machine has `word` among its arguments.
inline bool is_running(const std::string& word)
{
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        std::ifstream file{entry.path() / "cmdline", std::ios::binary};
        std::ostringstream text;
        if (file) text << file.rdbuf();
        if (text.str().find(word) != std::string::npos) return true;
    }
    return false;
}

/// A killed process takes a moment to leave; one that nobody killed never does.
inline bool is_gone(const std::string& word)
{
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (is_running(word)) {
        if (std::chrono::steady_clock::now() > limit) return false;
        ::usleep(1000);
    }
    return true;
}

}  // namespace tailops::targets
