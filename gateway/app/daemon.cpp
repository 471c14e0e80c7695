#include "gateway/app/daemon.hpp"

#include "auth/challenge.hpp"
#include "auth/gateway_tokens.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/gateway_event.hpp"
#include "gateway/app/loopback_reach.hpp"
#include "gateway/app/mcp_settings.hpp"
#include "gateway/app/operator.hpp"
#include "gateway/app/own_credential.hpp"
#include "gateway/app/service_manager.hpp"
#include "gateway/app/signals.hpp"
#include "gateway/app/world_secrets.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/http/router.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace tailops::app {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;
constexpr std::size_t blocking_threads = 4;
constexpr auto embedded_subject = "embedded";
// How long the start waits for the authorization server before it serves without knowing it.
constexpr auto warm_up_time = 3s;

int io_threads(const config::Settings& settings)
{
    if (settings.threads > 0) return settings.threads;
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

audit::TrailSettings trail_settings(const config::Settings& settings, const StatePaths& paths)
{
    audit::TrailSettings trail;
    trail.directory = paths.audit();
    trail.rotate_bytes = settings.audit.rotate_bytes;
    trail.files_max = settings.audit.keep_files;
    return trail;
}

store::CallKeyBounds key_bounds(const config::Limits& limits)
{
    return {.keys_max = limits.idempotency_keys,
            .keys_max_per_principal = limits.idempotency_keys_per_principal,
            .retention = limits.idempotency_retention};
}

/// What is said when a coroutine that runs by itself ends by an exception.
auto log_bug(const char* where)
{
    return [where](std::exception_ptr error) {
        if (error) log(Event::internal_error, {{"where", where}});
    };
}

}  // namespace

Daemon::Daemon(Configuration configuration, Load load, std::optional<auth::Identity> user)
    : runtime_{io_threads(configuration.settings), blocking_threads},
      environment_{process_environment()},
      settings_{configuration.settings},
      first_{std::move(configuration)},
      load_{std::move(load)},
      user_{std::move(user)},
      paths_{settings_.state_dir}
{
    // A client or a program that closes its end is an error code, not the end of us.
    ::signal(SIGPIPE, SIG_IGN);
    let_hang_up_act();
    // Credentials of targets stand in our memory: no core file, and nobody of our own user who
    // reads it as a debugger does. What we start is dumpable again.
    ::prctl(PR_SET_DUMPABLE, 0);
    hide_in_log(secrets_);
}

Daemon::~Daemon()
{
    hold_hang_up();
    // What still waits on `io` must not touch members that go before it.
    runtime_.io.stop();
    runtime_.join();
    states_.on_change(nullptr);
}

Result<std::unique_ptr<Daemon>> Daemon::make(Configuration configuration,
                                             Load load,
                                             std::optional<auth::Identity> user)
{
    std::unique_ptr<Daemon> daemon{
        new Daemon{std::move(configuration), std::move(load), std::move(user)}};
    if (auto opened = daemon->open(); !opened) return fail(std::move(opened).error());
    return daemon;
}

Status Daemon::open()
{
    if (auto made = make_state_directory(paths_); !made) return made;
    auto trail = trail_settings(settings_, paths_);
    if (settings_.audit.key) {
        TAILOPS_TRY(trail.key, own_credential("audit.key", *settings_.audit.key, environment_));
        secrets_->add(*trail.key);
    }
    // The trail is locked by its daemon: opening it first keeps a second daemon off the rest.
    TAILOPS_TRY(trail_, audit::JsonlTrail::open(std::move(trail), *clock_));
    TAILOPS_TRY(store_, store::SqliteStore::open({.path = paths_.database()}));
    if (const auto file = store_->file()) {
        TAILOPS_CHECK(trail_->leave_lock_note(database_note(*file)));
    }
    continuity_ = std::make_unique<Continuity>(
        Continuity::Ends{.marks = *store_,
                         .trail = *trail_,
                         .trail_folder = paths_.audit(),
                         .blocking = runtime_.blocking,
                         .clock = *clock_,
                         .keys_retention = settings_.limits.idempotency_retention});
    TAILOPS_CHECK(continuity_->compare());
    token_events_ = std::make_unique<TokenEventRelay>(
        TokenEventRelay::Ends{
            .tokens = *store_,
            .events = *store_,
            .trail = *trail_,
            .blocking = runtime_.blocking,
            .on_revoked = [this](const std::string& token) { pipeline_->forget_token(token); }},
        runtime_.io.get_executor());
    TAILOPS_TRY(auto world, make_world(first_));
    first_ = {};
    world_ = std::make_unique<call::CurrentWorld>(std::move(world));
    if (auto opened = open_runs(); !opened) return opened;
    keys_ = std::make_unique<call::IdempotencyKeys>(store_, runtime_.blocking, *clock_,
                                                    key_bounds(settings_.limits), runs_.get());
    pipeline_ = std::make_unique<call::Pipeline>(call::PipelineParts{.world = *world_,
                                                                     .trail = *trail_,
                                                                     .states = states_,
                                                                     .clock = *clock_,
                                                                     .runs = *runs_,
                                                                     .keys = keys_.get()});
    service_ = std::make_unique<service::GatewayService>(
        *pipeline_, *clock_,
        service::GatewayServiceSettings{.exposure = settings_.mcp.tool_exposure,
                                        .own_records = own_records(paths_, runtime_.reading),
                                        .progress_interval = settings_.mcp.progress_every,
                                        .calls_per_minute = settings_.mcp.calls_per_minute});
    // Whatever they did, nobody saw it end: that is what their callers are told.
    TAILOPS_TRY(const auto lost,
                store_->fail_working(clock_->now(),
                                     "the gateway stopped while this ran; what it did "
                                     "is unknown"));
    if (lost > 0) log(Event::tasks_lost, {{"tasks", std::to_string(lost)}});
    return user_ ? open_stdio() : open_http();
}

Status Daemon::open_runs()
{
    runs::SpoolSettings settings{.folder = paths_.spool(),
                                 .run_bytes_max = settings_.output.run_bytes,
                                 .total_bytes_max = settings_.output.total_bytes,
                                 .age_max = settings_.output.keep};
    TAILOPS_TRY(auto spool, runs::Spool::open(std::move(settings), *clock_, runtime_.blocking));
    runs_ = std::make_unique<runs::Runs>(std::move(spool),
                                         runs::RunsSettings{.reading = &runtime_.reading});
    return {};
}

Status Daemon::open_http()
{
    if (auto trusted = check_loopback_reach(settings_); !trusted) return trusted;
    TAILOPS_TRY(authentication_, make_authentication(settings_, {.io = runtime_.io.get_executor(),
                                                                 .blocking = runtime_.letting_in,
                                                                 .clock = clock_,
                                                                 .tokens = store_,
                                                                 .environment = environment_,
                                                                 .secrets = *secrets_}));
    TAILOPS_TRY(http_, HttpFront::bind(runtime_.io.get_executor(), settings_));
    warm_up_authentication();
    if (auto made = make_endpoint(http_->challenge_terms(authentication_)); !made) return made;
    HttpFront::Service service;
    service.admit = [this](auth::Identity identity) {
        return world_->get()->gate->admit(std::move(identity));
    };
    service.serve = [this](mcp::Inbound inbound, http::Exchange& exchange) {
        return endpoint_->serve(std::move(inbound), exchange);
    };
    service.not_ready = [this] {
        std::vector<std::string> reasons;
        if (!trail_->health()) reasons.emplace_back("the audit trail cannot be written");
        if (store_->is_replaced()) {
            reasons.emplace_back("the database was replaced; restart the gateway");
        }
        return reasons;
    };
    service.metrics = [this] {
        return mcp::metrics_text(mcp::without_secrets(endpoint_->counters().totals(), *secrets_)) +
               call::metrics_text(pipeline_->outcomes());
    };
    http_->open(authentication_, std::move(service));
    return {};
}

Status Daemon::open_stdio()
{
    if (auto made = make_endpoint({}); !made) return made;
    TAILOPS_TRY(lines_, StdioLines::take_over(
                            {settings_.limits.body_bytes, settings_.limits.write_stall_timeout}));
    mcp::LineClient::Settings client;
    client.admit = [this] { return world_->get()->gate->admit(*user_); };
    client.json_depth_max = settings_.limits.json_depth;
    client.grace = settings_.limits.stop_grace;
    line_client_ = std::make_shared<mcp::LineClient>(*endpoint_, *lines_, std::move(client));
    return {};
}

void Daemon::warm_up_authentication()
{
    if (!authentication_.introspector) return;
    asio::co_spawn(
        asio::make_strand(runtime_.io), authentication_.introspector->warm_up(after(warm_up_time)),
        [this](std::exception_ptr, const Status& status) {
            if (!status) log(Event::auth_server_unreachable, {{"why", status.error().describe()}});
            runtime_.io.stop();
        });
    runtime_.io.run();
    runtime_.io.restart();
}

Status Daemon::make_endpoint(const auth::ChallengeTerms& terms)
{
    TAILOPS_TRY(auto protocol, endpoint_settings(settings_, {.environment = environment_,
                                                             .tasks = *store_,
                                                             .blocking = runtime_.blocking}));
    protocol.insufficient_scope_challenge = [terms](const std::vector<std::string>& scopes) {
        return auth::insufficient_scope_challenge(terms, scopes,
                                                  "the token lacks a scope of this call");
    };
    endpoint_ = std::make_unique<mcp::Endpoint>(*service_, *clock_, std::move(protocol));
    states_.on_change([this](const TargetId& target) {
        for (auto& change : service::changes_of_target(target))
            endpoint_->publish(std::move(change));
    });
    return {};
}

Result<std::shared_ptr<const call::World>> Daemon::make_world(const Configuration& configuration)
{
    const auto current = world_ ? world_->get() : nullptr;
    const targets::ExecutorContext context{.io = runtime_.io.get_executor(),
                                           .environment = environment_,
                                           .secrets = secrets_,
                                           .known_hosts_file = paths_.known_hosts(),
                                           .states = states_,
                                           .clock = *clock_,
                                           .reaper = reaper_};
    auto world = std::make_shared<call::World>();
    TAILOPS_TRY(world->registry,
                targets::make_registry(configuration.targets.targets,
                                       current ? current->registry.get() : nullptr, context));
    world->gate = std::make_shared<const policy::Gate>(configuration.policy);
    world->commands = configuration.commands;
    world->tools = configuration.tools;
    guard(*world, secrets_, configuration, paths_, environment_);
    world->generation = current ? current->generation + 1 : 1;
    return world;
}

Result<Secret> Daemon::mint_embedded_token()
{
    const auto now = clock_->now();
    const auto by = this_operator("tailops serve --embedded");
    TAILOPS_TRY(const auto tokens, store_->list());
    for (const auto& token : tokens) {
        if (token.subject != embedded_subject || token.revoked) continue;
        if (auto ended = store_->revoke(token.id, now, by); !ended)
            return fail(std::move(ended).error());
    }
    // One a start: they would only ever become more.
    TAILOPS_CHECK(store_->purge_revoked_tokens(embedded_subject));
    TAILOPS_TRY(
        auto minted,
        auth::mint({.subject = embedded_subject, .scopes = {"admin"}, .lifetime = 24h}, now));
    if (auto kept = store_->insert(minted.stored, by); !kept) return fail(std::move(kept).error());
    return std::move(minted.text);
}

Status Daemon::run()
{
    asio::co_spawn(asio::make_strand(runtime_.io), tidy(), log_bug("tidy"));
    asio::co_spawn(asio::make_strand(runtime_.io), sweep(), log_bug("sweep"));
    asio::co_spawn(asio::make_strand(runtime_.io), supervise(), [this](std::exception_ptr error) {
        if (error) log(Event::internal_error, {{"where", "supervise"}});
        runtime_.io.stop();
    });
    runtime_.run();
    if (ended_by_) return fail(*ended_by_);
    return {};
}

Task<void> Daemon::supervise()
{
    log(Event::ready, {{"url", url()}, {"pid", std::to_string(::getpid())}});
    auto started = gateway_event("the gateway started");
    (void)co_await trail_->append(std::move(started), audit::Durability::buffered);
    co_await continuity_->mark_or_log();
    const auto home = co_await asio::this_coro::executor;
    asio::co_spawn(home, continuity_->run(), log_bug("continuity"));
    asio::co_spawn(home, continuity_->watch_files(), log_bug("watch files"));
    asio::co_spawn(home, token_events_->run(), log_bug("token events"));
    if (http_) asio::co_spawn(home, watch_loopback(), log_bug("watch loopback"));
    if (line_client_) {
        // The end of the input stops us as a signal does.
        asio::co_spawn(home, line_client_->run(), [this](std::exception_ptr error) {
            if (error) log(Event::internal_error, {{"where", "stdio"}});
            signals_.cancel();
        });
    }
    for (;;) {
        const auto [stopped, number] =
            co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped || number != SIGHUP) break;
        co_await reload();
    }
    co_await stop();
}

}  // namespace tailops::app
