#pragma once

#include "gateway/config/settings.hpp"
#include "gateway/core/error.hpp"

namespace tailops::app {

/// Refuses settings that trust whoever connects over loopback while this machine's loopback is open
/// to the tailnet.
///
/// A tailscaled in userspace mode (no /dev/net/tun: many containers) hands every TCP connection to
/// the machine's tailnet address on to 127.0.0.1, so that the whole tailnet arrives as "this
/// machine". `auth.mode: none` would then let anybody in, and `trusted_proxies` with a loopback
/// address would believe anybody's X-Forwarded-For. Asks the LocalAPI of the tailscaled behind
/// `tailscaled_socket`; without one there is nothing that forwards. Blocks for 3 s at most. Errors:
/// invalid_argument, naming the setting and the remedy; unreachable, when tailscaled is there and
/// does not say how it runs.
Status check_loopback_reach(const config::Settings& settings);

}  // namespace tailops::app
