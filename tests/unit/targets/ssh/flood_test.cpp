#include "tests/unit/targets/ssh/rig.hpp"

/// Servers that talk without end.
namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;

/// A server that greets as one of SSH and then sends SSH_MSG_IGNORE (RFC 4253 section 11.2)
/// without end, before any key exchange.
class FakeIgnoringServer {
public:
    FakeIgnoringServer()
    {
        program_ = std::make_unique<testing::Program>(
            std::vector<std::string>{"/usr/bin/python3", "-c", script, std::to_string(port)},
            directory_.file("log"));
        if (!testing::eventually([this] { return testing::greets_as_ssh(port); })) {
            throw std::runtime_error{"the server does not start"};
        }
    }

    const std::uint16_t port{testing::free_port()};

private:
    static constexpr const char* script =
        "import socket, struct, sys, threading\n"
        "body = bytes([2]) + struct.pack('>I', 1000) + bytes(1000)\n"
        "padding = 8 - (len(body) + 5) % 8 + 8\n"
        "packet = struct.pack('>IB', len(body) + padding + 1, padding) + body + bytes(padding)\n"
        "def flood(peer):\n"
        "    try:\n"
        "        peer.sendall(b'SSH-2.0-flood\\r\\n')\n"
        "        while True: peer.sendall(packet * 50)\n"
        "    except OSError: peer.close()\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    threading.Thread(target=flood, args=server.accept()[:1], daemon=True).start()\n";
    testing::TemporaryDirectory directory_;
    std::unique_ptr<testing::Program> program_;
};

TEST(SshFlood, GivesUpInTimeOnAServerThatTalksWithoutEnd)
{
    const OpenSshServer server;
    Rig rig{server};
    const FakeIgnoringServer flood;
    rig.setup.connection.port = flood.port;
    rig.setup.connection.connect_timeout = 1s;
    const auto started = std::chrono::steady_clock::now();
    expect_error(probe_once(rig, within(20s)), Errc::unreachable, "did not answer in time");
    EXPECT_LT(std::chrono::steady_clock::now() - started, 20s);
}

TEST(SshFlood, AnswersACallerInTimeWhileAServerTalksWithoutEnd)
{
    const OpenSshServer server;
    Rig rig{server};
    const FakeIgnoringServer flood;
    rig.setup.connection.port = flood.port;
    const auto started = std::chrono::steady_clock::now();
    expect_error(probe_once(rig, within(500ms)), Errc::deadline_exceeded, "did not answer in time");
    EXPECT_LT(std::chrono::steady_clock::now() - started, 20s);
}

}  // namespace
}  // namespace tailops::targets::ssh
