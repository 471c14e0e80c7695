#pragma once

#include "targets/output.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace tailops::tools::testing {

/// A directory of its own below the system's temporary one, removed with all its contents.
class TemporaryDirectory {
public:
    TemporaryDirectory()
    {
        auto name = (std::filesystem::temp_directory_path() / "tailops-tools-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error{"mkdtemp failed"};
        path_ = std::filesystem::canonical(name);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Which shell takes the place of /bin/sh: Debian's, or busybox with its own commands in front, as
/// Alpine has it.
enum class Shell { dash, busybox };

inline std::string to_string(Shell shell)
{
    return shell == Shell::dash ? "dash" : "busybox";
}

/// A directory with every busybox command, for PATH.
inline const std::string& busybox_commands()
{
    static const TemporaryDirectory directory;
    static const std::string path = [] {
        const auto line = "busybox --install -s " + directory.path().string();
        if (std::system(line.c_str()) != 0) throw std::runtime_error{"busybox is missing"};
        return directory.path().string();
    }();
    return path;
}

inline void drain(std::array<int, 2> pipes, targets::ExecutionResult& result)
{
    std::array<pollfd, 2> polled{{{pipes[0], POLLIN, 0}, {pipes[1], POLLIN, 0}}};
    for (int open = 2; open > 0;) {
        if (poll(polled.data(), polled.size(), -1) < 0) continue;
        for (std::size_t i = 0; i < polled.size(); ++i) {
            if (polled[i].fd < 0 || polled[i].revents == 0) continue;
            char buffer[65536];
            const auto count = read(polled[i].fd, buffer, sizeof buffer);
            if (count > 0) {
                (i == 0 ? result.output : result.diagnostics)
                    .append(buffer, static_cast<std::size_t>(count));
                continue;
            }
            close(polled[i].fd);
            polled[i].fd = -1;
            --open;
        }
    }
}

/// Runs an argv to its end, as the local executor would.
inline targets::ExecutionResult run(const targets::Command& command, Shell shell = Shell::dash)
{
    auto words = command.argv;
    if (!words.empty() && words[0] == "/bin/sh") {
        words[0] = shell == Shell::dash ? "/bin/dash" : busybox_commands() + "/sh";
    }
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto* path = getenv("PATH");
    std::string variable =
        "PATH=" + (shell == Shell::busybox ? busybox_commands() : std::string{path});
    std::array<char*, 2> environment{variable.data(), nullptr};

    std::array<int, 2> out{}, err{};
    EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    pid_t pid = -1;
    const int failed =
        posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    targets::ExecutionResult result;
    drain({out[0], err[0]}, result);
    if (failed != 0) {
        result.status = 127;
        result.diagnostics = words[0] + ": not found";
        return result;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.output_bytes = result.output.size();
    return result;
}

/// What an executor's output limit would leave of a result.
inline targets::ExecutionResult cut(targets::ExecutionResult result, std::size_t limit)
{
    targets::OutputCollector collector{targets::OutputStream::output,
                                       {.limit_bytes = limit, .rest = {}}};
    collector.add(result.output);
    std::move(collector).finish(result);
    return result;
}

}  // namespace tailops::tools::testing
