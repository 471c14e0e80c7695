#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tailops::testing {

/// A port of the loopback interface that nothing listens on, and that no other test program takes
/// while this one runs: an abstract Unix socket with the port in its name stands for it. Below the
/// range out of which the kernel gives ports to clients.
inline std::uint16_t free_port()
{
    static std::atomic<unsigned> step{0};
    constexpr unsigned first = 20000;
    constexpr unsigned count = 12000;
    const auto start = static_cast<unsigned>(::getpid()) * 97U;
    for (unsigned tried = 0; tried < count; ++tried) {
        const auto port = static_cast<std::uint16_t>(first + (start + step++) % count);
        const auto name = "tailops-test-port-" + std::to_string(port);
        sockaddr_un claim{};
        claim.sun_family = AF_UNIX;
        std::memcpy(claim.sun_path + 1, name.data(), name.size());
        const auto claim_size =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        // Not closed: the claim lasts as long as the program.
        const int claimed = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(claimed, reinterpret_cast<sockaddr*>(&claim), claim_size) != 0) {
            ::close(claimed);
            continue;
        }
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const bool is_free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (is_free) return port;
        ::close(claimed);
    }
    throw std::runtime_error{"no free port"};
}

}  // namespace tailops::testing
