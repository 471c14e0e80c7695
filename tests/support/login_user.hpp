#pragma once

#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::testing {

/// The user to log in as. A test program that runs as root makes a system user of its own (its
/// shell is plain /bin/sh, it has no password, its home lies in a temporary folder) and removes it
/// when it ends; what a killed program left is removed by the next one. Others log in as
/// themselves.
class LoginUser {
public:
    std::string name;
    std::string home;

    static const LoginUser& get()
    {
        static const LoginUser user;
        return user;
    }
    LoginUser(const LoginUser&) = delete;
    LoginUser& operator=(const LoginUser&) = delete;
    ~LoginUser()
    {
        // A forked child that exits is not the owner.
        if (owner_ != ::getpid()) return;
        try {
            remove_user(name);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
    }

private:
    static constexpr std::string_view prefix_ = "tailops-unit-";

    LoginUser()
    {
        if (::geteuid() != 0) {
            const auto* const self = ::getpwuid(::geteuid());
            if (self == nullptr) throw std::runtime_error{"this user has no name"};
            name = self->pw_name;
            home = self->pw_dir;
            return;
        }
        remove_left_users();
        name = std::string{prefix_} + std::to_string(::getpid());
        home = directory_.file("home");
        std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
        run_program({"useradd", "--system", "--create-home", "--home-dir", home, "--shell",
                     "/bin/sh", "--password", "*", name},
                    directory_.file("useradd.log"));
        owner_ = ::getpid();
        prepare_home();
        std::filesystem::create_directories("/run/sshd");
    }

    static void remove_user(const std::string& user) { run_program({"userdel", "--force", user}); }

    /// Users of test programs that run no more.
    static void remove_left_users()
    {
        std::vector<std::string> left;
        ::setpwent();
        while (const auto* const entry = ::getpwent()) {
            const std::string_view user = entry->pw_name;
            if (!user.starts_with(prefix_)) continue;
            const std::string pid{user.substr(prefix_.size())};
            if (!std::filesystem::exists("/proc/" + pid)) left.emplace_back(user);
        }
        ::endpwent();
        for (const auto& user : left) {
            try {
                remove_user(user);
            } catch (const std::exception&) {
                // Another program that starts now was faster.
            }
        }
    }

    /// dropbear takes authorized keys from the home directory only: one key for all tests lies
    /// there.
    void prepare_home() const
    {
        const auto directory = home + "/.ssh";
        std::filesystem::create_directories(directory);
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
        run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory + "/key"});
        run_program({"cp", "-p", directory + "/key.pub", directory + "/authorized_keys"});
        run_program({"chown", "-R", name + ":", directory});
    }

    TemporaryDirectory directory_;
    pid_t owner_{-1};
};

}  // namespace tailops::testing
