#include "tests/support/temporary_directory.hpp"
#include "tests/unit/gateway/http/served.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

/// A server that listens on a Unix socket.
namespace tailops::http {
namespace {

namespace fs = std::filesystem;

/// A socket of ours; connected or bound to `path`.
class LocalSocket {
public:
    enum class How { connect, bind };
    LocalSocket(const std::string& path, How how)
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        auto* const where = reinterpret_cast<sockaddr*>(&address);
        const auto done = how == How::connect ? ::connect(number_, where, sizeof address)
                                              : ::bind(number_, where, sizeof address);
        is_done_ = done == 0;
    }
    LocalSocket(const LocalSocket&) = delete;
    LocalSocket& operator=(const LocalSocket&) = delete;
    ~LocalSocket() { ::close(number_); }

    bool is_done() const { return is_done_; }
    void listen() const { EXPECT_EQ(::listen(number_, 1), 0); }

    /// What the server answers to `request`, until it closes.
    std::string ask(std::string_view request) const
    {
        const timeval patience{60, 0};
        ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::send(number_, request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        std::string answer;
        char bytes[4096];
        for (;;) {
            const auto got = ::recv(number_, bytes, sizeof bytes, 0);
            if (got <= 0) return answer;
            answer.append(bytes, static_cast<std::size_t>(got));
        }
    }

private:
    int number_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    bool is_done_{false};
};

Task<void> say_peer(Request request, Exchange& exchange)
{
    auto reply = testing::text_reply("peer " + request.peer);
    (void)co_await exchange.reply(std::move(reply));
}

/// Why no server starts at `path`; "": one did.
std::string refusal(const std::string& path)
{
    boost::asio::io_context io;
    ServerSettings settings;
    settings.listen = {{.host = {}, .port = 0, .socket_path = path}};
    const auto server = Server::start(io.get_executor(), settings, say_peer);
    return server ? "" : server.error().public_message();
}

TEST(UnixSocket, ServesItsOwnerAndGroupAndGoesWithTheServer)
{
    const tailops::testing::TemporaryDirectory folder;
    const auto path = folder.file("gateway.sock");
    {
        Runtime runtime{2, 1};
        ServerSettings settings;
        settings.listen = {{.host = {}, .port = 0, .socket_path = path}};
        auto server = Server::start(runtime.io.get_executor(), settings, say_peer);
        ASSERT_TRUE(server) << server.error().describe();
        EXPECT_TRUE((*server)->endpoints().empty());
        struct stat found{};
        ASSERT_EQ(::stat(path.c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 07777U, 0660U);

        const auto work = boost::asio::make_work_guard(runtime.io);
        const std::jthread crew{[&runtime] { runtime.io.run(); }};
        const LocalSocket client{path, LocalSocket::How::connect};
        ASSERT_TRUE(client.is_done());
        const auto answer =
            client.ask("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
        EXPECT_TRUE(answer.ends_with("peer unix")) << answer;
        runtime.io.stop();
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(UnixSocket, TakesThePlaceOfOneThatADeadDaemonLeft)
{
    const tailops::testing::TemporaryDirectory folder;
    const auto path = folder.file("gateway.sock");
    {
        const LocalSocket left{path, LocalSocket::How::bind};
        ASSERT_TRUE(left.is_done());
    }
    ASSERT_TRUE(fs::exists(path));
    EXPECT_EQ(refusal(path), "");
}

TEST(UnixSocket, TakesNobodysPlace)
{
    const tailops::testing::TemporaryDirectory folder;
    const auto path = folder.file("gateway.sock");
    const auto told = "cannot listen on unix:" + path + ": ";
    {
        const LocalSocket other{path, LocalSocket::How::bind};
        other.listen();
        EXPECT_EQ(refusal(path), told + "another program listens there");
        EXPECT_TRUE(LocalSocket(path, LocalSocket::How::connect).is_done());
    }
    fs::remove(path);
    std::ofstream{path} << "precious";
    EXPECT_EQ(refusal(path), told + "there is a file that is no socket");
    EXPECT_EQ(fs::file_size(path), 8U);
    fs::remove(path);
    fs::create_symlink(folder.file("elsewhere"), path);
    EXPECT_EQ(refusal(path), told + "there is a file that is no socket");
    const auto nowhere = folder.file("none/gateway.sock");
    EXPECT_EQ(refusal(nowhere), "cannot listen on unix:" + nowhere + ": the folder " +
                                    folder.file("none") + " does not exist");
}

TEST(UnixSocket, DoesNotStandWhereEverybodyMayExchangeIt)
{
    const tailops::testing::TemporaryDirectory folder;
    const auto open = folder.file("open");
    fs::create_directory(open);
    ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
    EXPECT_TRUE(refusal(open + "/gateway.sock").ends_with("take that right away (chmod o-w)"));
    ASSERT_EQ(::chmod(open.c_str(), 01777), 0);
    EXPECT_EQ(refusal(open + "/gateway.sock"), "") << "nobody may exchange another's there";
}

TEST(UnixSocket, LeavesAnothersInItsPlaceAlone)
{
    const tailops::testing::TemporaryDirectory folder;
    const auto path = folder.file("gateway.sock");
    {
        boost::asio::io_context io;
        ServerSettings settings;
        settings.listen = {{.host = {}, .port = 0, .socket_path = path}};
        const auto server = Server::start(io.get_executor(), settings, say_peer);
        ASSERT_TRUE(server);
        fs::rename(path, folder.file("moved.sock"));
        std::ofstream{path} << "precious";
    }
    EXPECT_TRUE(fs::exists(path));
}

}  // namespace
}  // namespace tailops::http
