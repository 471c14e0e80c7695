#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "targets/ssh/session.hpp"

#include <cstdint>
#include <string>

namespace tailops::targets::ssh {

/// Resolves `host` and connects to it, one address after the other, on the caller's executor, with
/// Nagle's algorithm off (it costs 40 ms per command). `target` is for messages.
/// Errors: unreachable, deadline_exceeded.
Task<Result<Socket>> dial_tcp(std::string target,
                              std::string host,
                              std::uint16_t port,
                              Deadline deadline);

}  // namespace tailops::targets::ssh
