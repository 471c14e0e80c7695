#pragma once

#include "gateway/net/http_client.hpp"

namespace tailops::net {

/// The bytes of `request` as an HTTP/1.1 message to `endpoint`. Pure.
/// Errors: invalid_argument (anything that would break the message apart, or a header that is
/// ours).
Result<std::string> write_request(const HttpEndpoint& endpoint, const HttpRequest& request);

/// Whether `text` is a token (RFC 9110 section 5.6.2): a method or a header name.
bool is_token(std::string_view text) noexcept;

/// Whether `text` can stand as a header value: no control characters but the tab.
bool is_header_value(std::string_view text) noexcept;

}  // namespace tailops::net
