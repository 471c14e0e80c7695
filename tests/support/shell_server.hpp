#pragma once

#include "tests/support/sshd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace tailops::testing {

/// An account of a ShellSshServer. `start_file` in its home holds `start_text`.
struct ShellAccount {
    std::string name;
    std::string shell;
    std::string start_file{};
    std::string start_text{};
};

/// The accounts' homes, and the copy of /etc that their server sees. A copy, because whoever adds a
/// user to the machine renames files over /etc/passwd, which takes away what is mounted there.
class ShellAccountFiles {
public:
    explicit ShellAccountFiles(const std::vector<ShellAccount>& accounts) : accounts_{accounts}
    {
        std::filesystem::permissions(files_.path(), std::filesystem::perms{0755});
        copy_etc();
        write();
        for (std::size_t i = 0; i < accounts_.size(); ++i) {
            const auto& account = accounts_.at(i);
            std::filesystem::create_directory(home(account.name));
            if (!account.start_file.empty()) {
                const std::filesystem::path file{home(account.name) + "/" + account.start_file};
                std::filesystem::create_directories(file.parent_path());
                std::ofstream{file} << account.start_text;
            }
            const auto owner = id(i) + ":" + id(i);
            run_program({"chown", "-R", owner, home(account.name)});
        }
    }

    std::string home(const std::string& name) const { return files_.file("home-" + name); }

    /// As chsh(1) does, seen at the next login.
    void change_shell(const std::string& name, const std::string& shell)
    {
        for (auto& account : accounts_) {
            if (account.name == name) account.shell = shell;
        }
        write();
    }

protected:
    std::vector<std::string> in_their_world() const
    {
        return {"unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-ec",
                "mount --bind \"$0/etc\" /etc; exec \"$@\"",
                files_.path()};
    }

private:
    /// Under the lock that useradd(8) and userdel(8) take (lckpwdf(3), whose alarm would be ours):
    /// files of theirs that vanish meanwhile would fail the copy.
    void copy_etc() const
    {
        const int lock = ::open("/etc/.pwd.lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        struct flock all{};
        all.l_type = F_WRLCK;
        if (lock < 0 || ::fcntl(lock, F_SETLKW, &all) != 0) {
            throw std::runtime_error{"the accounts cannot be locked"};
        }
        run_program({"cp", "-a", "/etc", files_.path()}, files_.file("cp.log"));
        ::close(lock);
    }
    static std::string id(std::size_t i) { return std::to_string(24'100 + i); }

    void write() const
    {
        std::ofstream passwd{files_.file("etc/passwd")};
        std::ofstream shadow{files_.file("etc/shadow")};
        passwd << read_text("/etc/passwd");
        shadow << read_text("/etc/shadow");
        for (std::size_t i = 0; i < accounts_.size(); ++i) {
            const auto& account = accounts_.at(i);
            passwd << account.name << ":x:" << id(i) << ':' << id(i) << "::" << home(account.name)
                   << ':' << account.shell << '\n';
            shadow << account.name << ":*:19000:0:99999:7:::\n";
        }
    }

    std::vector<ShellAccount> accounts_;
    TemporaryDirectory files_;
};

/// A real OpenSSH server with accounts of its own, in a mount namespace with its own /etc/passwd:
/// the machine's accounts stay as they are. Needs root.
class ShellSshServer final : public ShellAccountFiles, public OpenSshServer {
public:
    explicit ShellSshServer(const std::vector<ShellAccount>& accounts,
                            const std::string& settings = "")
        : ShellAccountFiles{accounts},
          OpenSshServer{settings, {.before = in_their_world(), .mode = "-D", .is_hidden = false}}
    {
    }
};

}  // namespace tailops::testing
