#pragma once

#include "targets/targets_file.hpp"

#include <string_view>

namespace tailops::app {

/// Tells the service manager how we are, in the words of sd_notify(3): `READY=1`, `STOPPING=1`.
/// Without NOTIFY_SOCKET nobody asked, and nothing happens. What cannot be delivered is dropped:
/// the manager has its own timeout, and we serve with or without it.
void tell_service_manager(const targets::Environment& environment, std::string_view state);

}  // namespace tailops::app
