#include "auth/introspection.hpp"

#include "auth/discovery.hpp"
#include "auth/flight.hpp"
#include "auth/outage_log.hpp"
#include "auth/scopes.hpp"
#include "auth/token_cache.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <nlohmann/json.hpp>

#include <mutex>
#include <unordered_map>

namespace tailops::auth {
namespace asio = boost::asio;

namespace {

constexpr std::string_view unreachable_message = "the authorization server does not answer";
constexpr std::size_t answer_bytes_max = 16 * 1024;
// So many refusals without one acceptance between them look like wrong client credentials.
constexpr int inactive_suspicious = 20;

using Answer = Result<Identity>;
using SharedFlight = std::shared_ptr<Flight<Identity>>;

/// Where to ask, and what the server's metadata says about whose scopes it issues.
struct Endpoint {
    std::string url;
    ScopeSource scopes{ScopeSource::from_policy};
};

Error unreachable(std::string detail)
{
    return Error{Errc::unreachable, std::string{unreachable_message}}.with_detail(
        std::move(detail));
}

}  // namespace

struct Introspector::State {
    State(IntrospectionSettings with, HttpConnect through)
        : settings{std::move(with)},
          connect{std::move(through)},
          accepted{settings.cache_entries_max},
          // Refusals live 5 s and anybody can cause them: they get a tenth, and a heap of their own
          // so that garbage never drives out those who are known.
          refused{settings.cache_entries_max / 10}
    {
    }

    const IntrospectionSettings settings;
    const HttpConnect connect;
    asio::any_io_executor io;
    std::shared_ptr<const Clock> clock;
    std::unique_ptr<Discovery> discovery;
    OutageLog outage{Event::auth_server_unreachable};

    std::mutex mutex;  // guards all below
    TokenCache<std::shared_ptr<const Identity>> accepted;
    TokenCache<Error> refused;
    std::unordered_map<Sha256, SharedFlight, DigestHash> flights;
    std::string client_url;  // whose client `client` is
    std::shared_ptr<net::HttpClient> client;
    int inactive_in_a_row{0};

    bool needs_discovery() const
    {
        return settings.introspection_endpoint.empty() || settings.scopes == ScopeSource::automatic;
    }

    ScopeSource resolve(const ServerMetadata& metadata) const
    {
        if (settings.scopes != ScopeSource::automatic) return settings.scopes;
        return offers_ours(metadata.scopes_supported) ? ScopeSource::from_token
                                                      : ScopeSource::from_policy;
    }

    void count_activity(bool active);
    void land(const Sha256& digest, const SharedFlight& flight, Answer answer);
    Result<std::shared_ptr<net::HttpClient>> client_for(const std::string& url);
    net::HttpRequest question(const net::Url& url, const Secret& token) const;
    Answer judge(const net::HttpResponse& response, ScopeSource scopes);
};

namespace {

Status check(const IntrospectionSettings& settings)
{
    if (settings.audience.empty()) {
        return fail(Errc::invalid_argument, "the gateway's own resource URL is not known");
    }
    if (!settings.introspection_endpoint.empty()) {
        TAILOPS_TRY(const auto url, parse_server_url(settings.introspection_endpoint));
        static_cast<void>(url);
    }
    const auto how = settings.client_authentication;
    if (how == ClientAuthentication::none) return {};
    if (settings.client_secret.empty()) {
        return fail(Errc::invalid_argument, "the client secret for introspection is missing");
    }
    if (how != ClientAuthentication::bearer && settings.client_id.empty()) {
        return fail(Errc::invalid_argument, "the client id for introspection is missing");
    }
    return {};
}

Task<Result<Endpoint>> find_endpoint(std::shared_ptr<Introspector::State> state, Deadline deadline)
{
    const auto& given = state->settings.introspection_endpoint;
    if (!state->needs_discovery()) co_return Endpoint{given, state->settings.scopes};
    TAILOPS_CO_TRY(const auto metadata, co_await state->discovery->metadata(deadline));
    co_return Endpoint{given.empty() ? metadata->introspection_endpoint : given,
                       state->resolve(*metadata)};
}

Task<Answer> ask(std::shared_ptr<Introspector::State> state, Secret token)
{
    const auto deadline = after(state->settings.timeout);
    TAILOPS_CO_TRY(const auto endpoint, co_await find_endpoint(state, deadline));
    TAILOPS_CO_TRY(const auto url, parse_server_url(endpoint.url));
    TAILOPS_CO_TRY(const auto client, state->client_for(endpoint.url));
    const auto response = co_await client->send(state->question(url, token), deadline);
    if (!response) co_return fail(unreachable(endpoint.url).because(response.error()));
    co_return state->judge(*response, endpoint.scopes);
}

/// One lookup from start to end, on a strand of its own.
Task<void> look_up(std::shared_ptr<Introspector::State> state,
                   Secret token,
                   Sha256 digest,
                   SharedFlight flight)
{
    Answer answer = fail(Errc::internal, "the token could not be checked");
    try {
        answer = co_await ask(state, std::move(token));
    } catch (const std::exception& thrown) {
        log(Event::internal_error, {{"where", "introspection"}, {"what", thrown.what()}});
    }
    state->land(digest, flight, std::move(answer));
}

}  // namespace

void Introspector::State::count_activity(bool active)
{
    bool suspicious = false;
    {
        const std::scoped_lock lock{mutex};
        inactive_in_a_row = active ? 0 : inactive_in_a_row + 1;
        suspicious = inactive_in_a_row == inactive_suspicious;
    }
    if (suspicious) {
        log(Event::introspection_all_inactive,
            {{"issuer", settings.issuer}, {"client_id", settings.client_id}});
    }
}

Result<std::shared_ptr<net::HttpClient>> Introspector::State::client_for(const std::string& url)
{
    const std::scoped_lock lock{mutex};
    if (client && client_url == url) return client;
    TAILOPS_TRY(const auto parsed, parse_server_url(url));
    TAILOPS_TRY(client, connect(endpoint_of(parsed)));
    client_url = url;
    return client;
}

net::HttpRequest Introspector::State::question(const net::Url& url, const Secret& token) const
{
    net::HttpRequest request;
    request.method = "POST";
    request.target = url.path;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body_limit_bytes = answer_bytes_max;
    net::HeaderList form{{"token", std::string{token.reveal()}},
                         {"token_type_hint", "access_token"}};
    const auto& id = settings.client_id;
    const auto secret = settings.client_secret.reveal();
    switch (settings.client_authentication) {
    case ClientAuthentication::basic:
        request.headers.emplace_back(
            "Authorization",
            "Basic " + to_base64(net::percent_encoded(id) + ":" + net::percent_encoded(secret)));
        break;
    case ClientAuthentication::form:
        form.emplace_back("client_id", id);
        form.emplace_back("client_secret", secret);
        break;
    case ClientAuthentication::bearer:
        request.headers.emplace_back("Authorization", "Bearer " + std::string{secret});
        break;
    case ClientAuthentication::none: break;
    }
    request.body = net::form_encoded(form);
    return request;
}

Answer Introspector::State::judge(const net::HttpResponse& response, ScopeSource scopes)
{
    if (response.status == 401 || response.status == 403) {
        return fail(unreachable("it refuses the gateway's own client credentials (HTTP status " +
                                std::to_string(response.status) +
                                "): check the client id, secret "
                                "and client_auth of the introspection settings"));
    }
    if (response.status != 200) {
        return fail(unreachable("HTTP status " + std::to_string(response.status)));
    }
    if (response.truncated) return fail(unreachable("its answer is too long"));
    const auto json = parse_json(response.body, 32);
    if (!json) return fail(unreachable("its answer is not JSON").because(json.error()));
    if (const auto active = field<bool>(*json, "active")) count_activity(*active);
    const ClaimRules rules{.issuer = settings.issuer,
                           .audience = settings.audience,
                           .scopes = scopes,
                           .clock_skew = settings.clock_skew};
    return identity_of(*json, rules, clock->now());
}

void Introspector::State::land(const Sha256& digest, const SharedFlight& flight, Answer answer)
{
    const bool definite = answer || answer.error().code() == Errc::unauthenticated;
    if (definite) {
        outage.over();
    } else {
        // Whatever else went wrong, the caller cannot help it: 503, never a guess.
        if (answer.error().code() != Errc::unreachable) {
            answer = fail(unreachable({}).because(std::move(answer).error()));
        }
        outage.report(settings.issuer, answer.error(), clock->now());
        if (discovery) discovery->suspect();
    }
    {
        const std::scoped_lock lock{mutex};
        const auto now = clock->now();
        if (answer) {
            accepted.put(digest, std::make_shared<const Identity>(*answer), now,
                         std::min(answer->expires, now + settings.accepted_for));
        } else if (definite) {
            refused.put(digest, answer.error(), now, now + settings.refused_for);
        }
        flights.erase(digest);
    }
    flight->land(std::move(answer));
}

Result<std::shared_ptr<Introspector>> Introspector::create(IntrospectionSettings settings,
                                                           HttpConnect connect,
                                                           asio::any_io_executor io,
                                                           std::shared_ptr<const Clock> clock)
{
    if (auto valid = check(settings); !valid) return fail(std::move(valid).error());
    DiscoverySettings question{.issuer = settings.issuer};
    question.timeout = settings.timeout;
    TAILOPS_TRY(auto discovery, Discovery::create(std::move(question), connect, io, clock));
    auto state = std::make_shared<State>(std::move(settings), std::move(connect));
    if (state->needs_discovery()) state->discovery = std::move(discovery);
    state->io = std::move(io);
    state->clock = std::move(clock);
    return std::make_shared<Introspector>(std::move(state));
}

Introspector::Introspector(std::shared_ptr<State> state) : state_{std::move(state)} {}
Introspector::~Introspector() = default;

Task<Result<Identity>> Introspector::authenticate(Secret token, Deadline deadline)
{
    const auto state = state_;
    if (!is_b64token(token.reveal())) {
        co_return fail(Errc::unauthenticated, "the token is malformed");
    }
    const auto digest = token_digest(token.reveal());
    std::shared_ptr<const Identity> known;
    SharedFlight flight;
    bool is_first = false;
    {
        const std::scoped_lock lock{state->mutex};
        const auto now = state->clock->now();
        if (const auto* hit = state->accepted.find(digest, now)) {
            known = *hit;
        } else if (const auto* refusal = state->refused.find(digest, now)) {
            co_return fail(*refusal);
        } else if (const auto at = state->flights.find(digest); at != state->flights.end()) {
            flight = at->second;
        } else if (state->flights.size() >= state->settings.lookups_max) {
            co_return fail(Errc::busy, "too many tokens are being checked; try again shortly");
        } else {
            flight = std::make_shared<Flight<Identity>>();
            state->flights.emplace(digest, flight);
            is_first = true;
        }
    }
    if (known) co_return *known;
    if (is_first) {
        asio::co_spawn(asio::make_strand(state->io),
                       look_up(state, std::move(token), digest, flight), [](std::exception_ptr) {});
    }
    co_return co_await flight->join(deadline);
}

Task<Status> Introspector::warm_up(Deadline deadline)
{
    const auto state = state_;
    if (!state->discovery) co_return Status{};
    auto metadata = co_await state->discovery->metadata(deadline);
    if (!metadata) co_return fail(std::move(metadata).error());
    co_return Status{};
}

bool Introspector::scopes_come_from_token() const
{
    if (state_->settings.scopes != ScopeSource::automatic) {
        return state_->settings.scopes == ScopeSource::from_token;
    }
    const auto known = state_->discovery->known();
    return known && state_->resolve(*known) == ScopeSource::from_token;
}

std::vector<std::string> Introspector::advertised_scopes() const
{
    if (!scopes_come_from_token() || !state_->discovery) return {};
    const auto known = state_->discovery->known();
    return known ? our_scopes_of(known->scopes_supported) : std::vector<std::string>{};
}

Introspector::Counts Introspector::counts() const
{
    const std::scoped_lock lock{state_->mutex};
    return {state_->accepted.size(), state_->refused.size(), state_->flights.size()};
}

}  // namespace tailops::auth
