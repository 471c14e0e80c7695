#include "tests/unit/gateway/http/served.hpp"

#include <boost/asio/steady_timer.hpp>
#include <openssl/ssl.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>
#include <fstream>

extern char** environ;

namespace tailops::http {
namespace {
using namespace testing;

void run_openssl(std::vector<std::string> arguments)
{
    arguments.insert(arguments.begin(), "openssl");
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    ASSERT_EQ(posix_spawnp(&child, "openssl", &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0) << "openssl " << arguments[1] << " failed";
}

/// A key and a self-signed certificate in a directory of their own.
class Certificates {
public:
    Certificates()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "tls-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;
    ~Certificates() { std::filesystem::remove_all(folder_); }

    std::string certificate() const { return folder_ / "cert.pem"; }
    std::string key() const { return folder_ / "key.pem"; }
    void issue(const std::string& name) const
    {
        run_openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", key(), "-out",
                     certificate()});
    }
    void encrypt_key() const
    {
        run_openssl({"ec", "-in", key(), "-out", key(), "-aes256", "-passout", "pass:secret"});
    }
    ServerSettings settings() const
    {
        ServerSettings made;
        made.tls_certificate_file = certificate();
        made.tls_key_file = key();
        return made;
    }

private:
    std::filesystem::path folder_;
};

/// A blocking TLS client that believes any certificate: the name in it is what the test looks at.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, long version_max = 0, const char* protocol = nullptr)
        : context_{SSL_CTX_new(TLS_client_method())},
          session_{nullptr}
    {
        if (version_max != 0)
            SSL_CTX_set_max_proto_version(context_, static_cast<int>(version_max));
        SSL_CTX_set_security_level(context_, 0);
        session_ = SSL_new(context_);
        if (protocol) {
            const auto* bytes = reinterpret_cast<const unsigned char*>(protocol);
            SSL_set_alpn_protos(session_, bytes, static_cast<unsigned>(std::strlen(protocol)));
        }
        BIO* bio = BIO_new_connect(("127.0.0.1:" + std::to_string(port)).c_str());
        SSL_set_bio(session_, bio, bio);
        if (BIO_do_connect(bio) == 1) {
            const timeval patience{60, 0};
            ::setsockopt(static_cast<int>(BIO_get_fd(bio, nullptr)), SOL_SOCKET, SO_RCVTIMEO,
                         &patience, sizeof patience);
        }
        is_connected_ = SSL_connect(session_) == 1;
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    ~TlsClient()
    {
        SSL_free(session_);
        SSL_CTX_free(context_);
    }

    bool is_connected() const { return is_connected_; }
    std::string version() const { return SSL_get_version(session_); }
    std::string server_name() const
    {
        X509* certificate = SSL_get1_peer_certificate(session_);
        char text[256] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                                  sizeof text);
        X509_free(certificate);
        return text;
    }
    void send(std::string_view text)
    {
        SSL_write(session_, text.data(), static_cast<int>(text.size()));
    }
    void say_goodbye() { SSL_shutdown(session_); }
    /// What comes up to the end of `mark`, or until the peer closes.
    std::string until(std::string_view mark)
    {
        std::string text;
        char bytes[16384];
        while (text.find(mark) == std::string::npos) {
            const int got = SSL_read(session_, bytes, sizeof bytes);
            if (got <= 0) break;
            text.append(bytes, static_cast<std::size_t>(got));
        }
        return text;
    }

private:
    SSL_CTX* context_;
    SSL* session_;
    bool is_connected_{false};
};

TEST(ServerTls, AnswersOverTls12And13)
{
    const Certificates certificates;
    certificates.issue("first");
    Served served{echo, certificates.settings()};
    for (const long version : {long{TLS1_2_VERSION}, long{TLS1_3_VERSION}}) {
        TlsClient client{served.port(), version, "\x08http/1.1"};
        ASSERT_TRUE(client.is_connected());
        client.send(post("/t", "one") + post("/t", "two"));
        const auto answers = client.until("[two]");
        EXPECT_NE(answers.find("POST /t? [one]"), std::string::npos) << client.version();
        client.send(post("/t", std::string(100'000, 'x')));
        EXPECT_GE(client.until("x]").size(), 100'000U);
    }
}

TEST(ServerTls, RefusesOldVersionsAndForeignProtocols)
{
    const Certificates certificates;
    certificates.issue("first");
    Served served{echo, certificates.settings()};
    EXPECT_FALSE((TlsClient{served.port(), TLS1_1_VERSION}.is_connected()));
    EXPECT_FALSE((TlsClient{served.port(), 0, "\x02h2"}.is_connected()));
    EXPECT_TRUE((TlsClient{served.port(), 0, "\x02h2\x08http/1.1"}.is_connected()));
}

TEST(ServerTls, DropsAClientThatSpeaksPlainHttpOrNothing)
{
    const Certificates certificates;
    certificates.issue("first");
    auto settings = certificates.settings();
    settings.limits.header_read_timeout = 1s;
    Served served{echo, settings};
    auto plain = served.client();
    plain.send(get("/"));
    EXPECT_EQ(plain.until_closed().find("HTTP/1.1 200"), std::string::npos);
    auto silent = served.client();
    EXPECT_TRUE(silent.is_closed());
}

TEST(ServerTls, TakesARenewedCertificateForNewConnections)
{
    const Certificates certificates;
    certificates.issue("first");
    Served served{echo, certificates.settings()};
    TlsClient old{served.port()};
    EXPECT_EQ(old.server_name(), "first");
    certificates.issue("second");
    ASSERT_TRUE(served.server().reload_tls());
    EXPECT_EQ(TlsClient{served.port()}.server_name(), "second");
    old.send(get("/still"));
    EXPECT_NE(old.until("[]").find("200 OK"), std::string::npos);
}

TEST(ServerTls, KeepsTheOldCertificateWhenTheNewOneIsBad)
{
    const Certificates certificates;
    certificates.issue("first");
    Served served{echo, certificates.settings()};
    std::ofstream{certificates.certificate()} << "no certificate\n";
    const auto reloaded = served.server().reload_tls();
    ASSERT_FALSE(reloaded);
    EXPECT_NE(reloaded.error().public_message().find(certificates.certificate()),
              std::string::npos);
    EXPECT_EQ(TlsClient{served.port()}.server_name(), "first");
}

TEST(ServerTls, RefusesToStartWithUnusableFiles)
{
    const Certificates good;
    good.issue("good");
    const Certificates other;
    other.issue("other");
    const Certificates locked;
    locked.issue("locked");
    locked.encrypt_key();
    boost::asio::io_context io;
    const auto start = [&io](std::string certificate, std::string key) {
        ServerSettings settings;
        settings.listen = {{"127.0.0.1", 0}};
        settings.tls_certificate_file = std::move(certificate);
        settings.tls_key_file = std::move(key);
        return Server::start(io.get_executor(), settings, echo);
    };
    EXPECT_TRUE(start(good.certificate(), good.key()));
    EXPECT_FALSE(start(good.certificate(), ""));
    EXPECT_FALSE(start(good.certificate(), "/nonexistent"));
    EXPECT_FALSE(start(good.certificate(), other.key()));
    EXPECT_FALSE(start(locked.certificate(), locked.key()));
}

TEST(ServerTls, CancelsTheHandlerOfAClientThatSaysGoodbye)
{
    const Certificates certificates;
    certificates.issue("first");
    std::promise<void> started;
    std::promise<void> cancelled;
    Served served{[&](Request, Exchange&) -> Task<void> {
                      started.set_value();
                      boost::asio::steady_timer never{co_await boost::asio::this_coro::executor,
                                                      std::chrono::steady_clock::time_point::max()};
                      try {
                          co_await never.async_wait(boost::asio::use_awaitable);
                      } catch (const boost::system::system_error&) {
                          cancelled.set_value();
                      }
                  },
                  certificates.settings()};
    TlsClient client{served.port()};
    client.send(get("/"));
    started.get_future().wait();
    client.say_goodbye();
    EXPECT_EQ(cancelled.get_future().wait_for(60s), std::future_status::ready);
}

}  // namespace
}  // namespace tailops::http
