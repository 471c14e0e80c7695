#pragma once

#include "auth/challenge.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/service/gateway_resources.hpp"
#include "targets/executors.hpp"

#include <boost/asio/thread_pool.hpp>

namespace tailops::app {

/// What the MCP endpoint needs of the rest of the daemon; all of it outlives the endpoint.
struct McpParts {
    const targets::Environment& environment;
    store::TaskStore& tasks;
    boost::asio::thread_pool& blocking;
};

/// The endpoint's settings but for the challenge, from those of the daemon. Errors: those of
/// reading a key; invalid_argument (a key that is too short).
Result<mcp::EndpointSettings> endpoint_settings(const config::Settings& settings,
                                                const McpParts& parts);

/// Reads the caller's own records, the newest 50, from the trail in the state directory:
/// {"records", "count", "truncated"}, the last of which says that there are older ones.
service::OwnRecords own_records(const StatePaths& paths, boost::asio::thread_pool& reading);

}  // namespace tailops::app
