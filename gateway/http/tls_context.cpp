#include "gateway/http/tls_context.hpp"

#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace tailops::http {
namespace {

/// What OpenSSL says of the last failure; empties its queue.
std::string openssl_reason()
{
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "unknown reason";
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

/// Never asks a terminal for a passphrase.
int no_passphrase(char*, int, int, void*)
{
    return 0;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL counts the parameters.
int select_protocol(SSL*,
                    const unsigned char** out,
                    unsigned char* out_length,
                    const unsigned char* offered,
                    unsigned offered_length,
                    void*)
{
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    const auto found =
        SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, offered, offered_length);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// OpenSSL opens it by its name, and would wait for the writer of a FIFO.
Status check_file(std::string_view what, const std::string& file)
{
    const auto usable = require_regular_file(file);
    if (usable) return {};
    return fail(Errc::invalid_argument, "the TLS " + std::string{what} + " file " + quote(file) +
                                            " cannot be used: " + usable.error().public_message());
}

}  // namespace

TlsContext::~TlsContext()
{
    SSL_CTX_free(context_);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                           const std::string& key_file)
{
    TAILOPS_CHECK(check_file("certificate", certificate_file));
    TAILOPS_CHECK(check_file("key", key_file));
    ERR_clear_error();
    auto* native = SSL_CTX_new(TLS_server_method());
    if (!native) return fail(Errc::internal, "no memory for TLS");
    auto context = std::make_shared<const TlsContext>(native);

    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
    // RELEASE_BUFFERS: an idle connection gives its 34 KB of record buffers back.
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(native, select_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(native, no_passphrase);

    if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1) {
        return fail(Errc::invalid_argument, "the TLS certificate file " + quote(certificate_file) +
                                                " cannot be used: " + openssl_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(native) != 1) {
        return fail(Errc::invalid_argument, "the TLS key file " + quote(key_file) +
                                                " cannot be used with the certificate " +
                                                quote(certificate_file) + ": " + openssl_reason());
    }
    return context;
}

}  // namespace tailops::http
