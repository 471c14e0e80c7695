#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/mcp/exchange.hpp"
#include "gateway/mcp/service.hpp"

#include <memory>
#include <string>

namespace tailops::mcp {

struct EndpointSettings {
    std::string server_name{"tailops-gateway"};
    std::string server_version;
    std::size_t sessions_max{1024};
    std::size_t sessions_per_principal_max{64};
    std::chrono::seconds session_idle_timeout{3600};
    std::chrono::seconds keep_alive_interval{15};
    int json_depth_max{64};
};

/// The MCP endpoint without sockets: decodes one HTTP request, tells its era, dispatches, and writes
/// the answer of that era to the exchange (2026-07-28 stateless; 2025-11-25, 2025-06-18 and
/// 2025-03-26 with sessions). Safe from any strand.
class Endpoint {
public:
    Endpoint(Service& service, const Clock& clock, EndpointSettings settings);
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    ~Endpoint();

    /// Never fails: whatever is wrong with the request becomes an answer. A client that goes away
    /// cancels this task; in the legacy era that does not cancel the call.
    Task<void> serve(Inbound inbound, Exchange& exchange);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tailops::mcp
