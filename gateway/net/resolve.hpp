#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/net/lookups.hpp"

#include <string>

namespace tailops::net {

/// The addresses of `host`; an address in text form is taken as it is. All of one io_context share
/// the threads that look names up, and a lookup of the same name.
///
/// Runs on the caller's executor. Cancelling returns at once, with operation_aborted.
Task<Found> resolve(std::string host);

}  // namespace tailops::net
