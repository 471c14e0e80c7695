#pragma once

#include <memory>

struct ssh_session_struct;
struct ssh_channel_struct;
struct ssh_event_struct;
struct ssh_key_struct;

namespace tailops::targets::ssh {

struct FreeSession {
    void operator()(ssh_session_struct*) const noexcept;
};
struct FreeEvent {
    void operator()(ssh_event_struct*) const noexcept;
};
struct FreeKey {
    void operator()(ssh_key_struct*) const noexcept;
};

/// Owners of libssh objects. Freeing a session also frees its channels and closes the descriptor
/// that was given to it.
using SessionHandle = std::unique_ptr<ssh_session_struct, FreeSession>;
using EventHandle = std::unique_ptr<ssh_event_struct, FreeEvent>;
using KeyHandle = std::unique_ptr<ssh_key_struct, FreeKey>;

}  // namespace tailops::targets::ssh
