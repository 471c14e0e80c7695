#pragma once

#include "targets/ssh/session.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace tailops::targets::ssh {

/// Opens a connection from the machine behind `session` to host:port and returns our end of it: a
/// stream socket that the caller owns. The tunnel lives until either side closes; it keeps
/// `session` alive and is pumped on the session's strand, where this must be called. Errors:
/// unreachable (the target cannot connect there), deadline_exceeded, cancelled.
Task<Result<int>> open_tunnel(std::shared_ptr<Session> session,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline);

}  // namespace tailops::targets::ssh
