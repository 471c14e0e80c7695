#pragma once

#include "gateway/core/error.hpp"

#include <string_view>

namespace tailops::http {

/// The HTTP status that stands for `code` where an error is the whole answer.
int status_of(Errc code) noexcept;

/// The reason phrase of a status (RFC 9110 section 15), empty for one we never send.
std::string_view reason_phrase(int status) noexcept;

}  // namespace tailops::http
