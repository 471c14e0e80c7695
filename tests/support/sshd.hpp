#pragma once

#include "tests/support/free_port.hpp"
#include "tests/support/login_user.hpp"
#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tailops::testing {

/// Waits for `condition()` by asking again and again, up to 60 s; its last answer.
template <class Condition>
bool eventually(Condition condition)
{
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

inline std::string read_text(const std::string& file)
{
    std::ostringstream text;
    text << std::ifstream{file, std::ios::binary}
                .rdbuf();  // a process in /proc may vanish meanwhile
    return text.str();
}

/// Ids of the processes for which `is_wanted(pid)` holds.
template <class IsWanted>
std::vector<pid_t> processes_where(IsWanted is_wanted)
{
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
        if (is_wanted(pid)) found.push_back(pid);
    }
    return found;
}

/// Whether a process runs that has `argument` among its arguments.
inline bool runs_with_argument(const std::string& argument)
{
    return !processes_where([&](pid_t pid) {
                const auto line = read_text("/proc/" + std::to_string(pid) + "/cmdline");
                return ('\0' + line).find('\0' + argument + '\0') != std::string::npos;
            }).empty();
}

/// All processes below `ancestor`, itself included.
inline std::vector<pid_t> process_tree(pid_t ancestor)
{
    std::vector<pid_t> tree{ancestor};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        const auto children = processes_where([parent = tree[i]](pid_t pid) {
            const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
            const auto after_name = stat.rfind(')');
            if (after_name == std::string::npos) return false;
            std::istringstream rest{stat.substr(after_name + 1)};
            char state = 0;
            pid_t ppid = 0;
            rest >> state >> ppid;
            return ppid == parent;
        });
        tree.insert(tree.end(), children.begin(), children.end());
    }
    return tree;
}

/// Whether something on this port of the loopback interface greets like an SSH server.
inline bool greets_as_ssh(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char banner[4]{};
    const bool greeted =
        ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::recv(fd, banner, sizeof banner, MSG_WAITALL) == 4 &&
        std::string_view{banner, 4} == "SSH-";
    ::close(fd);
    return greeted;
}

/// What all SSH servers of the tests have: a directory, a port, a process to stop, wedge and kill.
class SshServer {
public:
    SshServer() { std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755}); }
    SshServer(const SshServer&) = delete;
    SshServer& operator=(const SshServer&) = delete;
    virtual ~SshServer() { kill_all(); }

    std::uint16_t port() const noexcept { return port_; }
    /// The private key that the server lets in.
    const std::string& user_key() const noexcept { return user_key_; }
    /// Whom it lets in.
    const std::string& username() const noexcept { return username_; }
    /// "ssh-ed25519 AAAA… comment"
    std::string host_key() const { return read_text(host_public_key_); }
    std::string file(std::string_view name) const { return directory_.file(name); }
    std::string log() const { return read_text(file("log")); }
    pid_t pid() const { return program_->pid(); }

    /// Stops every process of the server, listener and sessions, so that nothing answers.
    void wedge() const { signal_all(SIGSTOP); }
    void unwedge() const { signal_all(SIGCONT); }
    /// Kills listener and sessions, as a machine that loses power does (but for the FIN).
    void kill_all()
    {
        if (!program_) return;
        signal_all(SIGKILL);
        program_.reset();
    }
    /// Kills the sessions only: who is connected is cut off, and may connect again.
    void kill_sessions() const
    {
        for (const pid_t pid : process_tree(program_->pid())) {
            if (pid != program_->pid()) ::kill(pid, SIGKILL);
        }
    }

protected:
    std::string make_key(const std::string& name, const std::string& passphrase = "")
    {
        run_program(
            {"ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", file(name)},
            file("keygen.log"));
        return file(name);
    }
    void start(std::vector<std::string> argv)
    {
        start_until(std::move(argv), [this] { return greets_as_ssh(port_); });
    }
    /// As start(), for a server whose port is not to be reached from here.
    template <class IsUp>
    void start_until(std::vector<std::string> argv, IsUp is_up)
    {
        program_ = std::make_unique<Program>(std::move(argv), file("log"));
        if (!eventually(is_up)) {
            throw std::runtime_error{"the SSH server does not start: " + log()};
        }
    }

    TemporaryDirectory directory_;
    std::uint16_t port_{free_port()};
    std::string user_key_;
    std::string host_public_key_;
    std::string username_{LoginUser::get().name};

private:
    void signal_all(int signal) const
    {
        for (const pid_t pid : process_tree(program_->pid())) ::kill(pid, signal);
    }
    std::unique_ptr<Program> program_;
};

/// A real OpenSSH server on the loopback interface with a host key, a user key and a user CA of its
/// own. `settings` are further lines of sshd_config; the first of a kind wins.
class OpenSshServer : public SshServer {
public:
    explicit OpenSshServer(const std::string& settings = "")
        : OpenSshServer{settings, {.before = {}, .mode = "-D", .is_hidden = false}}
    {
    }

    /// Lets another key in.
    void authorize(const std::string& key_file) const
    {
        std::ofstream{file("authorized_keys"), std::ios::app} << read_text(key_file + ".pub");
    }
    /// A key that only its certificate from our CA lets in.
    std::string make_certified_key()
    {
        auto key = make_key("certified");
        run_program({"ssh-keygen", "-q", "-s", file("ca"), "-I", "test", "-n",
                     LoginUser::get().name, "-V", "+1h", key + ".pub"},
                    file("keygen.log"));
        return key;
    }
    std::string make_other_key(const std::string& name, const std::string& passphrase = "")
    {
        return make_key(name, passphrase);
    }
    /// Starts again on the same port, with another host key.
    void restart_with_new_host_key()
    {
        kill_all();
        std::filesystem::remove(file("host"));
        make_key("host");
        run();
    }
    void restart()
    {
        kill_all();
        run();
    }

protected:
    // Stands for the server's port in Launch::before.
    static constexpr const char* port_word = "PORT";

    /// How sshd is started.
    struct Launch {
        std::vector<std::string> before;  // words before its own
        std::string mode;                 // "-D": listens; "-i": serves what it is given
        bool is_hidden;                   // its port is not to be reached from here
    };
    OpenSshServer(const std::string& settings, Launch launch) : launch_{std::move(launch)}
    {
        host_public_key_ = make_key("host") + ".pub";
        user_key_ = make_key("user");
        std::filesystem::copy_file(user_key_ + ".pub", file("authorized_keys"));
        config_ = settings + "\nHostKey " + file("host") + "\nAuthorizedKeysFile " +
                  file("authorized_keys") + "\nPidFile none\n" +
                  "ListenAddress 127.0.0.1\nStrictModes no\nUsePAM no\nUseDNS no\n"
                  "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                  "AllowTcpForwarding yes\nMaxSessions 64\n"
                  "TrustedUserCAKeys " +
                  make_key("ca") + ".pub\nPort " + std::to_string(port_) + "\n";
        // Of two lines of a kind the first counts, but of these from OpenSSH 10 on the last.
        if (!settings.contains("MaxStartups")) config_ += "MaxStartups 100\n";
        if (has_penalties()) config_ += "PerSourcePenalties no\n";
        std::ofstream{file("sshd_config")} << config_;
        LoginUser::get();
        run();
    }

private:
    /// From 9.8 on, sshd holds off who was refused; tests are refused on purpose.
    static bool has_penalties()
    {
        static const bool has = std::system(
                                    "/usr/sbin/sshd -G -f /dev/null -o PerSourcePenalties=no "
                                    ">/dev/null 2>&1") == 0;
        return has;
    }

    void run()
    {
        auto argv = launch_.before;
        for (auto& word : argv) {
            if (word == port_word) word = std::to_string(port_);
        }
        for (const auto& word : {std::string{"/usr/sbin/sshd"}, launch_.mode, std::string{"-e"},
                                 std::string{"-f"}, file("sshd_config")}) {
            argv.push_back(word);
        }
        if (!launch_.is_hidden) return start(std::move(argv));
        start_until(std::move(argv),
                    [this] { return log().find("Server listening") != std::string::npos; });
    }
    Launch launch_;
    std::string config_;
};

/// A real OpenSSH server that lets root in, whose sessions it does not signal.
class RootSshServer final : public OpenSshServer {
public:
    RootSshServer() { username_ = "root"; }
};

/// A real dropbear: another implementation, which signals only its child and not the process group.
class DropbearServer final : public SshServer {
public:
    DropbearServer()
    {
        const auto& user = LoginUser::get();
        user_key_ = file("user");
        std::filesystem::copy_file(user.home + "/.ssh/key", user_key_);
        std::filesystem::permissions(user_key_, std::filesystem::perms{0600});
        run_program({"dropbearkey", "-t", "ed25519", "-f", file("host")}, file("keygen.log"));
        host_public_key_ = file("host.pub");
        std::istringstream lines{read_text(file("keygen.log"))};
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("ssh-ed25519 ")) std::ofstream{host_public_key_} << line << '\n';
        }
        start({"/usr/sbin/dropbear", "-F", "-E", "-s", "-r", file("host"), "-p",
               "127.0.0.1:" + std::to_string(port_), "-P", file("pid")});
    }
};

}  // namespace tailops::testing
