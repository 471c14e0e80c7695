#include "gateway/http/byte_stream.hpp"
#include "gateway/http/tls_context.hpp"
#include "gateway/net/socket_bio.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tailops::http {
namespace {

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
    BIO* bio = net::make_socket_bio(descriptor);
    if (!bio) {
        SSL_free(session);
        return nullptr;
    }
    SSL_set_bio(session, bio, bio);
    return std::make_unique<TlsStream>(session, std::move(context));
}

}  // namespace tailops::http
