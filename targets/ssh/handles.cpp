#include "targets/ssh/handles.hpp"

#include <libssh/libssh.h>

namespace tailops::targets::ssh {

void FreeSession::operator()(ssh_session_struct* session) const noexcept
{
    // Not ssh_disconnect: it leaves a descriptor set through SSH_OPTIONS_FD open (libssh 0.10).
    ssh_free(session);
}

void FreeEvent::operator()(ssh_event_struct* event) const noexcept
{
    ssh_event_free(event);
}

void FreeKey::operator()(ssh_key_struct* key) const noexcept
{
    ssh_key_free(key);
}

}  // namespace tailops::targets::ssh
