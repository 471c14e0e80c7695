#pragma once

#include <openssl/types.h>

namespace tailops::net {

/// OpenSSL's way to a non-blocking socket. Its own uses write(2), which raises SIGPIPE when the
/// other side is gone; and Asio's keeps bytes that it has read ahead where nobody sees them. Does
/// not own the descriptor. Null without memory.
BIO* make_socket_bio(int descriptor);

}  // namespace tailops::net
