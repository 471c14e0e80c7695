#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace tailops::testing {

/// A program that runs beside the test; killed and reaped when the object goes.
class Program {
public:
    /// Starts `argv` in a process group of its own; standard output and error go to `log_file`.
    Program(std::vector<std::string> argv, const std::string& log_file)
    {
        std::vector<char*> words;
        for (auto& word : argv) words.push_back(word.data());
        words.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, 1, log_file.c_str(),
                                           O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        const int failed =
            ::posix_spawnp(&pid_, words.front(), &actions, &attributes, words.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
        if (failed != 0) throw std::runtime_error{"cannot start " + argv.front()};
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() { stop(SIGKILL); }

    pid_t pid() const noexcept { return pid_; }
    void send(int signal) const noexcept { ::kill(pid_, signal); }

    /// Sends `signal` and waits for the end.
    void stop(int signal)
    {
        if (pid_ <= 0) return;
        ::kill(pid_, signal);
        wait();
    }

    /// Waits for the end; the exit status, or 128 + signal.
    int wait()
    {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    /// Whether it has not ended yet.
    bool is_running()
    {
        if (pid_ <= 0) return false;
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
        pid_ = -1;
        return false;
    }

private:
    pid_t pid_{-1};
};

/// Runs `argv` to its end; throws unless it exits 0.
inline void run_program(std::vector<std::string> argv, const std::string& log_file = "/dev/null")
{
    const auto name = argv.front();
    Program program{std::move(argv), log_file};
    if (const int status = program.wait(); status != 0) {
        throw std::runtime_error{name + " exited " + std::to_string(status) + "; see " + log_file};
    }
}

}  // namespace tailops::testing
