#pragma once

#include "tests/support/sshd.hpp"

#include <string>

namespace tailops::testing {

/// A real OpenSSH server in a network namespace of its own, where nothing but a GateSshServer
/// reaches it: to the test its port is closed. Needs root.
class HiddenSshServer final : public OpenSshServer {
public:
    HiddenSshServer()
        : OpenSshServer{
              "",
              {.before = {"unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"},
               .mode = "-D",
               .is_hidden = true}}
    {
    }

    std::string network() const { return "/proc/" + std::to_string(pid()) + "/ns/net"; }
};

/// A real OpenSSH server that listens on the test's loopback interface and serves from within the
/// network namespace of a HiddenSshServer: the gate to it. Needs root.
class GateSshServer final : public OpenSshServer {
public:
    explicit GateSshServer(const HiddenSshServer& inner)
        : OpenSshServer{"",
                        {.before = {"python3", "-c", listener, port_word, "nsenter",
                                    "--net=" + inner.network()},
                         .mode = "-i",
                         .is_hidden = false}}
    {
    }

private:
    // A listening socket stays in the namespace where it was opened; sshd opens its own, so that
    // it gets its connections from another program, as from inetd.
    static constexpr const char* listener =
        "import socket, subprocess, sys\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    peer = server.accept()[0]\n"
        "    subprocess.Popen(sys.argv[2:], stdin=peer, stdout=peer)\n"
        "    peer.close()\n";
};

}  // namespace tailops::testing
