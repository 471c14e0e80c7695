#pragma once

#include <sys/socket.h>

#include <cerrno>

namespace tailops::net {

/// Whether the stream socket stands and nothing lies unread in it. Does not block.
inline bool is_open_and_empty(int descriptor) noexcept
{
    char byte{};
    const auto got = ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace tailops::net
