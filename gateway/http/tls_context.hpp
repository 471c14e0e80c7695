#pragma once

#include "gateway/core/error.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace tailops::http {

/// The server's side of TLS: one certificate chain and its key, TLS 1.2 and 1.3, no renegotiation,
/// no compression, ALPN http/1.1. Immutable; a renewed certificate is a new context.
class TlsContext {
public:
    /// Reads both PEM files. Errors: invalid_argument, naming the file and what is wrong with it (a
    /// key with a passphrase is refused: nobody could type it).
    static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate_file,
                                                          const std::string& key_file);
    explicit TlsContext(ssl_ctx_st* context) noexcept : context_{context} {}
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    ssl_ctx_st* native() const noexcept { return context_; }

private:
    ssl_ctx_st* context_;
};

}  // namespace tailops::http
