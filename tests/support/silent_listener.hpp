#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace tailops::testing {

/// A loopback port that answers no connection attempt, as an address behind a filter does: its
/// queue of connections is full, so the kernel drops every further SYN.
class SilentListener {
public:
    SilentListener()
    {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        auto* const where = reinterpret_cast<sockaddr*>(&address_);
        if (::bind(listener_, where, size) != 0 || ::listen(listener_, 0) != 0 ||
            ::getsockname(listener_, where, &size) != 0) {
            throw std::runtime_error{"no listener"};
        }
        // A backlog of 0 holds one; some more, so that it is full whatever the kernel rounds to.
        for (int i = 0; i < 4; ++i) {
            const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            ::connect(filler, where, size);
            fillers_.push_back(filler);
        }
    }
    SilentListener(const SilentListener&) = delete;
    SilentListener& operator=(const SilentListener&) = delete;
    ~SilentListener()
    {
        for (const int filler : fillers_) ::close(filler);
        ::close(listener_);
    }

    std::uint16_t port() const { return ntohs(address_.sin_port); }

private:
    int listener_{-1};
    sockaddr_in address_{};
    std::vector<int> fillers_;
};

}  // namespace tailops::testing
