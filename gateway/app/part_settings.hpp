#pragma once

#include "gateway/app/state_dir.hpp"
#include "gateway/audit/settings.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/http/server.hpp"
#include "gateway/store/call_keys.hpp"

namespace tailops::app {

// What the parts of the daemon want to know, from its own settings.

/// Errors: invalid_argument (an address).
Result<http::ServerSettings> server_settings(const config::Settings& settings);

audit::TrailSettings trail_settings(const config::Settings& settings, const StatePaths& paths);

store::CallKeyBounds key_bounds(const config::Limits& limits);

}  // namespace tailops::app
