#pragma once

#include "gateway/core/error.hpp"
#include "tests/support/source_dir.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

extern char** environ;

namespace tailops::testing {

/// One of the authorization servers beside this file, as a child process: `AuthServer{"oidc.mjs",
/// options}`. Ready when constructed, gone when destroyed; it also ends by itself when this process
/// dies. A missing node or node_modules is a failure that says what to run.
class AuthServer {
public:
    AuthServer(const std::string& program, const nlohmann::json& options)
    {
        const auto folder = source_file("tests/support/authserver/");
        struct stat found{};
        if (::stat((folder + "node_modules/oidc-provider").c_str(), &found) != 0) {
            throw std::runtime_error{
                "tests/support/authserver/node_modules is missing: run "
                "`npm ci` there"};
        }
        start(folder + program, options.dump());
        info_ = nlohmann::json::parse(first_line());
    }
    AuthServer(const AuthServer&) = delete;
    AuthServer& operator=(const AuthServer&) = delete;
    ~AuthServer() { stop(); }

    /// The line of JSON that the program printed: issuer, endpoints, clients.
    const nlohmann::json& info() const { return info_; }
    std::string text(const char* member) const { return info_.at(member).get<std::string>(); }

    /// Ends it now: a server that is gone.
    void stop()
    {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        ::close(input_);
        ::close(output_);
    }

private:
    void start(const std::string& script, const std::string& options)
    {
        int input[2];
        int output[2];
        if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) {
            throw std::runtime_error{"no pipe"};
        }
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input[0], 0);
        posix_spawn_file_actions_adddup2(&actions, output[1], 1);
        // Warnings about the node version are noise; what matters fails the first line.
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        // The one that npm brings: Debian 12's own is older than what the servers need.
        std::string name = source_file("tests/integration/node_modules/.bin/node");
        std::string path = script;
        std::string wish = options;
        char* const arguments[] = {name.data(), path.data(), wish.data(), nullptr};
        const int failed =
            ::posix_spawnp(&pid_, name.c_str(), &actions, nullptr, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(input[0]);
        ::close(output[1]);
        input_ = input[1];
        output_ = output[0];
        if (failed != 0) {
            pid_ = -1;
            throw std::runtime_error{std::string{"node cannot be started: "} +
                                     std::strerror(failed)};
        }
    }

    std::string first_line()
    {
        std::string line;
        char byte = 0;
        pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
        while (::poll(&ready, 1, 30'000) == 1 && ::read(output_, &byte, 1) == 1) {
            if (byte == '\n') return line;
            line += byte;
        }
        stop();
        throw std::runtime_error{
            "the authorization server did not start; run it by hand: "
            "node tests/support/authserver/... says why"};
    }

    pid_t pid_{-1};
    int input_{-1};
    int output_{-1};
    nlohmann::json info_;
};

}  // namespace tailops::testing
