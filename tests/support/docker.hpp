#pragma once

#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

namespace tailops::testing {

/// A real Docker engine in network, mount and process namespaces of its own, with one image,
/// `bb:1` (a static busybox). Everything it started ends with it. Needs root, docker.io and
/// busybox-static; throws when something is missing.
class DockerEngine {
public:
    DockerEngine()
    {
        start();
        import_image();
    }
    DockerEngine(const DockerEngine&) = delete;
    DockerEngine& operator=(const DockerEngine&) = delete;
    ~DockerEngine()
    {
        try {
            remove_containers();
        } catch (const std::exception&) {
            // A killed engine has none, and its namespace took their processes with it.
        }
        kill();
    }

    std::string socket_path() const { return directory_.file("docker.sock"); }

    /// What the engine and all its processes are below of.
    pid_t pid() const { return engine_->pid(); }

    /// Starts the engine and waits until it answers. It gives up where its containerd has not
    /// answered within 15 s, as on a busy disk: then it is started again.
    void start()
    {
        launch();
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{120};
        while (!answers()) {
            if (std::chrono::steady_clock::now() > patience) {
                std::ostringstream log;
                log << std::ifstream{directory_.file("dockerd.log")}.rdbuf();
                throw std::runtime_error{"the Docker engine does not start: " + log.str()};
            }
            if (!engine_->is_running()) launch();
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    void launch()
    {
        const auto root = directory_.path().string();
        // What a killed engine left would look like one that runs: numbers start over in a new
        // process namespace.
        for (const auto* remains : {"dockerd.pid", "docker.sock", "exec"}) {
            std::filesystem::remove_all(directory_.path() / remains);
        }
        // A process namespace's first process takes the others with it, containers too.
        engine_ = std::make_unique<Program>(
            std::vector<std::string>{
                "setpriv", "--pdeathsig", "KILL", "unshare", "-n", "-m", "-p", "-f", "--kill-child",
                "--propagation", "private", "bash", "-c",
                "mount --make-rprivate / && mount -t proc proc /proc && ip link set lo up && "
                "exec dockerd --data-root \"$0/data\" --exec-root \"$0/exec\" "
                "-p \"$0/dockerd.pid\" -H \"unix://$0/docker.sock\" --log-level warn",
                root},
            directory_.file("dockerd.log"));
    }

    /// Ends the engine and its containers at once, as a crash would.
    void kill()
    {
        if (!engine_) return;
        // The engine itself, so that unshare reaps it and then ends too.
        pid_t engine = 0;
        const auto pid = std::to_string(engine_->pid());
        std::ifstream{"/proc/" + pid + "/task/" + pid + "/children"} >> engine;
        if (engine > 0) {
            ::kill(engine, SIGKILL);
            engine_->wait();
        }
        engine_.reset();
    }

    /// Runs the docker program against this engine.
    void docker(std::vector<std::string> words) const
    {
        words.insert(words.begin(), {"docker", "-H", "unix://" + socket_path()});
        run_program(std::move(words), directory_.file("docker.log"));
    }

    /// Starts a container that runs `script` in busybox's shell.
    void run_container(const std::string& name,
                       const std::string& script,
                       std::vector<std::string> options = {}) const
    {
        std::vector<std::string> words{"run", "-d", "--name", name};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"bb:1", "sh", "-c", script});
        docker(std::move(words));
    }

    /// Waits until the last line of a running container's log is `line`. Of the log of one that has
    /// ended, an engine on a busy machine drops what it has not copied within seconds.
    void wait_for_log(const std::string& name, const std::string& line) const
    {
        const auto last = directory_.file("last-line");
        std::string text;
        while (text != line) {
            run_program({"docker", "-H", "unix://" + socket_path(), "logs", "--tail", "1", name},
                        last);
            text.clear();
            std::ifstream file{last};
            std::getline(file, text);
        }
    }

private:
    bool answers() const
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool is_up =
            ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(descriptor);
        return is_up;
    }

    void import_image() const
    {
        namespace fs = std::filesystem;
        const auto bin = directory_.path() / "rootfs" / "bin";
        fs::create_directories(bin);
        fs::copy_file("/usr/bin/busybox", bin / "busybox");
        for (const auto* name : {"sh", "sleep", "echo", "cat", "seq", "true", "printf", "trap"}) {
            fs::create_symlink("busybox", bin / name);
        }
        run_program(
            {"tar", "-C", directory_.file("rootfs"), "-cf", directory_.file("image.tar"), "."});
        docker({"import", directory_.file("image.tar"), "bb:1"});
    }

    /// Containers that are removed leave no control groups behind.
    void remove_containers() const
    {
        if (!engine_ || !answers()) return;
        run_program({"sh", "-c",
                     "ids=$(docker -H \"$0\" ps -aq); [ -z \"$ids\" ] || "
                     "exec docker -H \"$0\" rm -f $ids",
                     "unix://" + socket_path()},
                    directory_.file("docker.log"));
    }

    TemporaryDirectory directory_;
    std::unique_ptr<Program> engine_;
};

}  // namespace tailops::testing
