#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/ssh/session.hpp"

#include <cstdint>
#include <string>

namespace tailops::targets::ssh {

/// Connects to `host` on the caller's executor, as net::connect_tcp does. `target` is for messages.
/// Errors: unreachable, deadline_exceeded.
Task<Result<Socket>> dial_tcp(std::string target,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline);

}  // namespace tailops::targets::ssh
