#include "gateway/http/byte_stream.hpp"
#include "gateway/http/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tailops::http {
namespace {

// OpenSSL's own socket BIO uses write(2), which raises SIGPIPE when the client is gone.
int descriptor_of(BIO* bio)
{
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_write(BIO* bio, const char* data, int size)
{
    BIO_clear_retry_flags(bio);
    const auto put = ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(put);
}

int bio_read(BIO* bio, char* data, int size)
{
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*)
{
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct MethodDeleter {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

const BIO_METHOD* socket_method()
{
    static const std::unique_ptr<BIO_METHOD, MethodDeleter> method = [] {
        std::unique_ptr<BIO_METHOD, MethodDeleter> made{
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE")};
        BIO_meth_set_write(made.get(), bio_write);
        BIO_meth_set_read(made.get(), bio_read);
        BIO_meth_set_ctrl(made.get(), bio_control);
        return made;
    }();
    return method.get();
}

// A record's payload (RFC 8446 section 5.1): what one SSL_write can put in one record.
constexpr std::size_t record_bytes = 16 * 1024;

class TlsStream final : public ByteStream {
public:
    TlsStream(SSL* session, std::shared_ptr<const TlsContext> context)
        : session_{session},
          context_{std::move(context)}
    {
    }
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;
    ~TlsStream() override { SSL_free(session_); }

    IoResult handshake() override
    {
        ERR_clear_error();
        const int result = SSL_accept(session_);
        open_ = result == 1;
        return outcome(result, 0);
    }

    IoResult read(std::span<char> into) override
    {
        ERR_clear_error();
        std::size_t bytes = 0;
        const int result = SSL_read_ex(session_, into.data(), into.size(), &bytes);
        return outcome(result, bytes);
    }

    IoResult write(std::span<const std::string_view> parts) override
    {
        ERR_clear_error();
        std::array<char, record_bytes> gathered;  // NOLINT(*-member-init): read as far as written
        auto first = std::string_view{};
        std::size_t used = 0;
        // Small parts share a record; a part that fills one by itself is not copied.
        for (const auto part : parts) {
            if (used == 0 && part.size() >= gathered.size()) {
                first = part;
                break;
            }
            const auto take = std::min(part.size(), gathered.size() - used);
            std::memcpy(gathered.data() + used, part.data(), take);
            used += take;
            if (take < part.size()) break;
        }
        if (first.empty()) first = {gathered.data(), used};
        std::size_t bytes = 0;
        const int result = SSL_write_ex(session_, first.data(), first.size(), &bytes);
        return outcome(result, bytes);
    }

    bool holds_input() const override { return SSL_has_pending(session_) == 1; }

    void say_goodbye() override
    {
        ERR_clear_error();
        if (open_) SSL_shutdown(session_);
    }

private:
    IoResult outcome(int result, std::size_t bytes)
    {
        if (result == 1) return {IoState::done, bytes};
        switch (SSL_get_error(session_, result)) {
        case SSL_ERROR_WANT_READ: return {IoState::want_read, 0};
        case SSL_ERROR_WANT_WRITE: return {IoState::want_write, 0};
        case SSL_ERROR_ZERO_RETURN: return {IoState::closed, 0};
        default:
            // After a fatal error the session must not be shut down politely (SSL_shutdown(3)).
            open_ = false;
            ERR_clear_error();
            return {IoState::failed, 0};
        }
    }

    SSL* session_;
    std::shared_ptr<const TlsContext> context_;
    bool open_{false};
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(int descriptor,
                                            std::shared_ptr<const TlsContext> context)
{
    SSL* session = SSL_new(context->native());
    if (!session) return nullptr;
    BIO* bio = BIO_new(socket_method());
    if (!bio) {
        SSL_free(session);
        return nullptr;
    }
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is all the BIO has to keep.
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    BIO_set_init(bio, 1);
    SSL_set_bio(session, bio, bio);
    return std::make_unique<TlsStream>(session, std::move(context));
}

}  // namespace tailops::http
