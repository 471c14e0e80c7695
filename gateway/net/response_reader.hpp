#pragma once

#include "gateway/net/http_client.hpp"

namespace tailops::net {

/// Reads one HTTP/1.1 response from bytes as they arrive. No I/O; belongs to one exchange.
///
/// Holds at most the header limit and the body limit. Interim (1xx) responses are passed over.
class ResponseReader {
public:
    enum class Body { expected, none };  ///< `none` answers a HEAD request
    enum class Step { more, done };

    struct Bounds {
        std::size_t header_bytes;
        std::size_t body_bytes;
    };
    ResponseReader(Body body, Bounds bounds, BodyTap tap = {});
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;
    ~ResponseReader();

    /// Takes in `bytes`. Errors: unreachable (not HTTP, or a header over the bound).
    Result<Step> feed(std::string_view bytes);

    /// The connection has ended: completes a body that ends with it.
    /// Errors: unreachable (the response is incomplete).
    Status finish();

    /// Whether the body has come to its limit and only a tap wants to hear more: what is missing
    /// now is missing from a truncated body.
    bool is_beyond_limit() const noexcept;
    /// Whether any byte of a response has come.
    bool has_begun() const noexcept;
    /// Whether the connection can carry another exchange after this response, which is complete.
    bool can_keep_connection() const noexcept;

    HttpResponse take() &&;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tailops::net
