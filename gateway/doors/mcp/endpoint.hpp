#pragma once

#include "gateway/core/age_clock.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/doors/mcp/counters.hpp"
#include "gateway/doors/mcp/wire/inbound.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/doors/mcp/wire/request_state.hpp"
#include "gateway/service/changes.hpp"
#include "gateway/service/service.hpp"
#include "gateway/store/tasks.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tailops::mcp {

/// Where calls live that have become tasks. Both members outlive the endpoint.
struct TaskSettings {
    store::TaskStore& store;
    boost::asio::thread_pool& blocking;  // for the store
    std::size_t tasks_max{1024};         // finished ones included, until they expire
    std::size_t per_principal_max{100};
    /// Of calls that become tasks because they take long.
    std::chrono::milliseconds ttl{std::chrono::hours{1}};
    std::chrono::milliseconds poll_interval{1000};
    /// How long a call may take before it becomes a task, where the client takes those.
    std::chrono::milliseconds begins_after{10'000};
};

struct EndpointSettings {
    std::string server_name{"tailops-gateway"};
    std::string server_version{};
    std::size_t sessions_max{1024};
    std::size_t sessions_per_principal_max{64};
    std::chrono::seconds session_idle_timeout{3600};
    std::size_t calls_per_session_max{64};            // legacy calls under way, clients gone or not
    std::size_t batch_max{50};                        // messages of one 2025-03-26 batch
    std::size_t listings_bytes_max{4 * 1024 * 1024};  // rendered tools/list results kept
    std::chrono::milliseconds keep_alive_interval{15'000};
    std::chrono::milliseconds retry_interval{1'000};  // before a client resumes a broken stream
    std::chrono::milliseconds cache_ttl{60'000};      // how long clients may reuse lists (ttlMs)
    int json_depth_max{64};
    std::size_t page_items_max{200};  // of one page of a list
    std::size_t listens_max{1024};    // subscriptions/listen streams
    std::size_t listens_per_principal_max{16};
    /// How long a legacy client may take to answer a request of ours: a person may have to decide.
    std::chrono::milliseconds client_response_timeout{std::chrono::minutes{10}};
    /// Seals what clients carry for us; null: with a key that dies with the process.
    std::shared_ptr<const StateSeal> seal{};
    std::optional<TaskSettings> tasks{};  // none: calls cannot become tasks
    /// How sessions and tasks age.
    AgeClock::SteadySource steady{[] { return AgeClock::Steady::now(); }};
    /// The WWW-Authenticate value of the 403 that names every scope a call needs (RFC 6750 section
    /// 3). Empty: the 403 goes without the header. Called from any strand.
    std::function<std::string(const std::vector<std::string>& scopes)>
        insufficient_scope_challenge{};
};

/// One message that came by a line.
struct Line {
    Decoded message;
    std::string session;  // of a client that sent initialize; else empty
    auth::Principal principal;
    RequestId id;
};

/// The MCP endpoint without sockets: decodes one HTTP request, tells its era, dispatches, and
/// writes the answer of that era to the exchange (2026-07-28 stateless; 2025-11-25, 2025-06-18 and
/// 2025-03-26 with sessions). Safe from any strand.
class Endpoint {
public:
    Endpoint(service::Service& service, const Clock& clock, EndpointSettings settings);
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    ~Endpoint();

    /// Never fails: whatever is wrong with the request becomes an answer. A client that goes away
    /// cancels this task; in the legacy era that does not cancel the call.
    Task<void> serve(Inbound inbound, http::Exchange& exchange);
    /// The same of what came by a line (MCP 2026-07-28, basic/transports/stdio). Whoever reads the
    /// lines cancels this task for a modern client's notifications/cancelled.
    Task<void> serve(Line line, http::Exchange& exchange);

    /// Tells every client that may know and has asked to.
    void publish(const service::Change& change);
    /// Everything may have changed, as after a reload: tells of each resource that is followed, to
    /// those who may know of it now.
    void publish_followed();

    /// The daemon stops: ends the GET and listen streams and opens no new ones; calls go on.
    void drain();
    /// Cancels the legacy calls whose clients may be gone, and forgets every session.
    void end_sessions();
    /// Cancels the tasks that run here; what changes something runs on.
    void stop_tasks();

    const Counters& counters() const noexcept;
    /// Legacy calls under way. After end_sessions() it falls to zero as they end.
    std::size_t legacy_calls() const noexcept;
    /// Tasks that run here, or whose end is not on the disk yet.
    std::size_t tasks_under_way() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tailops::mcp
