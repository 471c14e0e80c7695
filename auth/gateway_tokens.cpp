#include "auth/gateway_tokens.hpp"

#include "auth/flight.hpp"
#include "auth/outage_log.hpp"
#include "auth/scopes.hpp"
#include "auth/token_text.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/core/capability.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/snapshot.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <unordered_map>

namespace tailops::auth {
namespace asio = boost::asio;

namespace {

using std::chrono::steady_clock;

constexpr std::size_t random_part_bytes = 32;
constexpr std::size_t text_bytes = gateway_token_prefix.size() + 43;  // base64url of 32 bytes
constexpr std::size_t subject_bytes_max = 256;
constexpr auto lifetime_max = std::chrono::hours{24 * 3660};

using Tokens = std::unordered_map<Sha256, StoredToken, DigestHash>;

struct Comparison {
    std::int64_t generation{0};
    std::shared_ptr<const Tokens> tokens;  // null: nothing changed
};

/// Reads the store if its generation is not `known`. Blocks.
Result<Comparison> compare(TokenStore& store, std::optional<std::int64_t> known)
{
    // The generation first: a change between the two is then seen by the next comparison.
    TAILOPS_TRY(const auto generation, store.generation());
    if (known == generation) return Comparison{generation, nullptr};
    TAILOPS_TRY(auto rows, store.list());
    auto tokens = std::make_shared<Tokens>();
    for (auto& row : rows) tokens->emplace(row.digest, std::move(row));
    return Comparison{generation, std::move(tokens)};
}

std::string_view bytes_of(const Sha256& digest)
{
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Result<Identity> identity_of(const StoredToken& token, TimePoint now)
{
    if (token.revoked) return fail(Errc::unauthenticated, "the token has been revoked");
    if (now >= token.expires) return fail(Errc::unauthenticated, "the token has expired");
    Identity identity;
    identity.subject = SubjectId{token.subject};
    identity.issuer = "tailops";
    identity.name = token.subject;
    identity.client_id = token.id;
    if (!token.scopes.empty()) identity.scopes = token.scopes;
    identity.expires = token.expires;
    identity.method = Method::gateway_token;
    return identity;
}

Status check_scope(const std::string& scope)
{
    if (is_our_scope(scope)) return {};
    if (auto known = parse_capability(scope); !known) return fail(std::move(known).error());
    return fail(Errc::invalid_argument, "unknown scope " + quote(scope));
}

}  // namespace

Result<MintedToken> mint(const MintRequest& request, TimePoint now)
{
    const auto& subject = request.subject;
    if (subject.empty() || subject.size() > subject_bytes_max || !is_valid_utf8(subject) ||
        escaped_line(subject) != subject || trim(subject) != subject) {
        return fail(Errc::invalid_argument,
                    "the subject must be 1 to 256 bytes of plain text without a blank at its ends");
    }
    for (const auto& scope : request.scopes) {
        if (auto known = check_scope(scope); !known) return fail(std::move(known).error());
    }
    if (request.lifetime < std::chrono::seconds{1} || request.lifetime > lifetime_max) {
        return fail(Errc::invalid_argument, "the token's lifetime must be 1 second to 3660 days");
    }
    auto text = std::string{gateway_token_prefix} + to_base64url(random_bytes(random_part_bytes));
    const auto created = std::chrono::floor<std::chrono::seconds>(now);
    StoredToken stored{.id = "tk_" + to_hex(random_bytes(4)),
                       .subject = subject,
                       .scopes = request.scopes,
                       .digest = token_digest(text),
                       .created = created,
                       .expires = created + request.lifetime,
                       .revoked = {}};
    return MintedToken{Secret{std::move(text)}, std::move(stored)};
}

struct GatewayTokenAuthenticator::State {
    State(std::shared_ptr<TokenStore> kept_in, asio::any_io_executor where, asio::thread_pool& pool)
        : store{std::move(kept_in)},
          io{std::move(where)},
          blocking{pool}
    {
    }

    std::shared_ptr<TokenStore> store;
    asio::any_io_executor io;
    asio::thread_pool& blocking;
    std::shared_ptr<const Clock> clock;
    GatewayTokenSettings settings;
    OutageLog outage{Event::token_store_unreadable};

    Snapshot<Tokens> tokens{std::make_shared<const Tokens>()};
    std::mutex mutex;  // guards all below
    std::optional<std::int64_t> generation;
    std::optional<Deadline> compared;  // when the last successful comparison began
    std::shared_ptr<Flight<bool>> flight;

    /// How old what we know is; the longest time when we know nothing.
    steady_clock::duration age()
    {
        const std::scoped_lock lock{mutex};
        return compared ? steady_clock::now() - *compared : steady_clock::duration::max();
    }
};

namespace {

using SharedState = std::shared_ptr<GatewayTokenAuthenticator::State>;
using SharedFlight = std::shared_ptr<Flight<bool>>;

Task<Result<bool>> compare_once(SharedState state)
{
    std::optional<std::int64_t> known;
    steady_clock::time_point earliest;
    {
        const std::scoped_lock lock{state->mutex};
        known = state->generation;
        if (state->compared) earliest = *state->compared + state->settings.unknown_interval;
    }
    if (steady_clock::now() < earliest) {
        asio::steady_timer pause{co_await asio::this_coro::executor, earliest};
        co_await pause.async_wait(asio::use_awaitable);
    }
    const auto began = steady_clock::now();
    // Named, not written in the call: GCC 12 destroys a closure in an awaited expression twice.
    auto work = [store = state->store, known](std::stop_token) { return compare(*store, known); };
    TAILOPS_CO_TRY(auto comparison, co_await run_blocking(state->blocking, std::move(work)));
    if (comparison.tokens) state->tokens.swap(std::move(comparison.tokens));
    const std::scoped_lock lock{state->mutex};
    state->generation = comparison.generation;
    state->compared = began;
    co_return true;
}

Task<void> run_comparison(SharedState state, SharedFlight flight)
{
    Result<bool> done = fail(Errc::internal, "the token store could not be read");
    try {
        done = co_await compare_once(state);
    } catch (const std::exception& thrown) {
        log(Event::internal_error, {{"where", "token store"}, {"what", thrown.what()}});
    }
    if (done) {
        state->outage.over();
    } else {
        state->outage.report("tailops", done.error(), state->clock->now());
        done =
            fail(Error{Errc::unreachable, "the gateway cannot check tokens at the moment"}.because(
                std::move(done).error()));
    }
    {
        const std::scoped_lock lock{state->mutex};
        state->flight.reset();
    }
    flight->land(std::move(done));
}

/// The comparison on its way, begun now if there is none.
SharedFlight begin_comparison(const SharedState& state)
{
    SharedFlight flight;
    {
        const std::scoped_lock lock{state->mutex};
        if (state->flight) return state->flight;
        flight = state->flight = std::make_shared<Flight<bool>>();
    }
    asio::co_spawn(asio::make_strand(state->io), run_comparison(state, flight),
                   [](std::exception_ptr) {});
    return flight;
}

/// The token of this digest, or null. It lives in the snapshot that it keeps.
std::shared_ptr<const StoredToken> find(const GatewayTokenAuthenticator::State& state,
                                        const Sha256& digest)
{
    auto tokens = state.tokens.get();
    const auto at = tokens->find(digest);
    // The map compares with early exit; what it compares is a digest, and the last word is constant
    // in time.
    if (at == tokens->end() ||
        !equal_in_constant_time(bytes_of(at->second.digest), bytes_of(digest))) {
        return nullptr;
    }
    return {std::move(tokens), &at->second};
}

}  // namespace

GatewayTokenAuthenticator::GatewayTokenAuthenticator(std::shared_ptr<TokenStore> store,
                                                     asio::any_io_executor io,
                                                     asio::thread_pool& blocking,
                                                     std::shared_ptr<const Clock> clock,
                                                     GatewayTokenSettings settings)
    : state_{std::make_shared<State>(std::move(store), std::move(io), blocking)}
{
    state_->clock = std::move(clock);
    state_->settings = settings;
}

GatewayTokenAuthenticator::~GatewayTokenAuthenticator() = default;

Task<Result<Identity>> GatewayTokenAuthenticator::authenticate(Secret token, Deadline deadline)
{
    const auto state = state_;
    const auto text = token.reveal();
    if (text.size() != text_bytes || !text.starts_with(gateway_token_prefix) ||
        !is_b64token(text)) {
        co_return fail(Errc::unauthenticated, "this is no token of the gateway");
    }
    const auto digest = token_digest(text);
    const auto age = state->age();
    if (age > state->settings.stale_after) {
        TAILOPS_CO_CHECK(co_await begin_comparison(state)->join(deadline));
    } else if (age > state->settings.refresh_after) {
        begin_comparison(state);
    }
    auto found = find(*state, digest);
    // A comparison that was on its way may have read the store before the token was minted; the
    // second one has not.
    for (int tries = 0; !found && tries < 2; ++tries) {
        TAILOPS_CO_CHECK(co_await begin_comparison(state)->join(deadline));
        found = find(*state, digest);
    }
    if (!found) co_return fail(Errc::unauthenticated, "the gateway does not know this token");
    co_return identity_of(*found, state->clock->now());
}

}  // namespace tailops::auth
