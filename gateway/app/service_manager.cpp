#include "gateway/app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace tailops::app {

void tell_service_manager(const targets::Environment& environment, std::string_view state)
{
    const auto name = environment("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!name || name->empty() || name->size() >= sizeof address.sun_path) return;
    std::ranges::copy(*name, address.sun_path);
    // sd_notify(3): a leading @ stands for the NUL of an abstract address, which has no end mark.
    const bool is_abstract = name->front() == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    const auto length = offsetof(sockaddr_un, sun_path) + name->size() + (is_abstract ? 0U : 1U);

    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length));
    ::close(socket);
}

}  // namespace tailops::app
