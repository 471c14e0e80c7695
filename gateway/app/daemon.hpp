#pragma once

#include "gateway/app/authentication.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/app/continuity.hpp"
#include "gateway/app/http_front.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/app/stdio_lines.hpp"
#include "gateway/app/token_event_relay.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/async/runtime.hpp"
#include "gateway/audit/jsonl_trail.hpp"
#include "gateway/call/idempotency.hpp"
#include "gateway/core/age_clock.hpp"
#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/service/gateway_service.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "targets/executors.hpp"
#include "targets/local/reaper.hpp"

#include <boost/asio/signal_set.hpp>

#include <signal.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace tailops::app {

/// The composition root: every object of the daemon, in the order in which they need each other.
/// Destroyed in reverse; see the members.
class Daemon {
public:
    /// Reads the configuration anew, for a reload. Runs on a blocking thread.
    using Load = std::function<Configuration(yaml::Problems&)>;

    /// Opens the state, binds the addresses. Serves nothing yet. With a `user` there are no
    /// addresses: the one client is at stdin and stdout, and is that user. Errors: what could not
    /// be opened.
    static Result<std::unique_ptr<Daemon>> make(Configuration configuration,
                                                Load load,
                                                std::optional<auth::Identity> user = {});
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// The endpoint's URL, with the port that the system chose; empty without one.
    std::string url() const { return http_ ? http_->url() : std::string{}; }

    /// A token for the person who started the embedded gateway; tokens of earlier starts end.
    Result<Secret> mint_embedded_token();

    /// Serves until SIGTERM, SIGINT or the end of stdin; SIGHUP reloads. Returns when the last call
    /// is done and the trail is on the disk. Errors: what made it end before it was asked to.
    Status run();

private:
    Daemon(Configuration configuration, Load load, std::optional<auth::Identity> user);

    Status open();
    Status open_http();
    Status open_stdio();
    void warm_up_authentication();
    Status make_endpoint(const auth::ChallengeTerms& terms);
    /// The world that `configuration` describes, its warm connections kept from the one in force.
    Result<std::shared_ptr<const call::World>> make_world(const Configuration& configuration);

    Status open_runs();

    Task<void> supervise();
    Task<void> tidy();
    Task<void> sweep();
    Task<void> watch_loopback();
    Task<void> reload();
    Task<void> close_front();
    struct FrontClosing {
        bool is_over{false};  // the last client is gone
    };
    bool is_quiet() const;
    Task<bool> quiet(const FrontClosing& front, Deadline deadline);
    void tell_what_remains() const;
    Task<void> stop();

    // Outlive the coroutines that tell them what they saw.
    targets::StateBoard states_;
    const std::shared_ptr<targets::Reaper> reaper_{std::make_shared<targets::Reaper>()};
    // Destroyed after all below: coroutines of theirs run on it.
    Runtime runtime_;
    // Caught from the start: a signal that comes before run() waits for it.
    boost::asio::signal_set signals_{runtime_.io, SIGTERM, SIGINT, SIGHUP};
    const std::shared_ptr<const Clock> clock_{std::make_shared<Clock>()};
    const AgeClock ages_{*clock_};
    const targets::Environment environment_;
    config::Settings settings_;
    Configuration first_;  // until the first world is made
    const Load load_;
    const std::optional<auth::Identity> user_;  // at stdin and stdout
    const StatePaths paths_;
    std::shared_ptr<store::SqliteStore> store_;
    const std::shared_ptr<SecretRegistry> secrets_{std::make_shared<SecretRegistry>()};
    std::unique_ptr<audit::JsonlTrail> trail_;
    std::unique_ptr<Continuity> continuity_;
    std::unique_ptr<TokenEventRelay> token_events_;
    Authentication authentication_;
    std::unique_ptr<call::CurrentWorld> world_;
    std::unique_ptr<runs::Runs> runs_;
    std::unique_ptr<call::IdempotencyKeys> keys_;
    std::unique_ptr<call::Pipeline> pipeline_;
    std::unique_ptr<service::GatewayService> service_;
    std::unique_ptr<mcp::Endpoint> endpoint_;
    std::unique_ptr<HttpFront> http_;
    std::unique_ptr<StdioLines> lines_;
    std::shared_ptr<mcp::LineClient> line_client_;
    std::optional<Error> ended_by_;
};

}  // namespace tailops::app
