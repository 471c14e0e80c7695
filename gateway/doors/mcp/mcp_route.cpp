#include "gateway/doors/mcp/mcp_route.hpp"

#include "auth/token_text.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/request_id.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/cors.hpp"
#include "gateway/doors/mcp/known_tokens.hpp"
#include "gateway/http/client_address.hpp"
#include "gateway/http/header_text.hpp"

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <optional>

namespace tailops::mcp {
namespace {

// The pause we ask for while the authorization server is away: its outages are seconds long.
constexpr std::string_view retry_after_seconds = "5";
// Some 150 bytes each. Who is forgotten shares the fate of strangers, for a minute at most.
constexpr std::size_t known_tokens_max = 4096;

/// An OAuth error (RFC 6750 section 3.1) as an answer.
http::Reply oauth_error(int status, std::string_view error, std::string_view description)
{
    const nlohmann::json body{{"error", error}, {"error_description", description}};
    return {status,
            {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            dump_json(body)};
}

/// Nothing below the authenticator may see the token, not even in a header that it passes on.
void drop_token(http::Headers& headers)
{
    std::erase_if(headers, [](auto& header) {
        if (!equal_ignoring_case(header.first, "authorization")) return false;
        OPENSSL_cleanse(header.second.data(), header.second.size());
        return true;
    });
}

class McpRoute {
public:
    explicit McpRoute(McpRouteSettings settings)
        : settings_{std::move(settings)},
          throttle_{settings_.throttle}
    {
    }

    Task<void> answer(http::Request request, http::Exchange& exchange)
    {
        const auto origin = http::find_header(request.headers, "origin").first;
        if (request.method == "OPTIONS") {
            const auto asked =
                http::find_header(request.headers, "access-control-request-headers").first;
            auto reply = preflight_reply(origin, asked);
            co_await exchange.reply(std::move(reply));
            co_return;
        }
        if (origin.empty()) {
            co_await admit_and_serve(std::move(request), exchange);
            co_return;
        }
        CorsExchange readable{exchange, std::string{origin}};
        co_await admit_and_serve(std::move(request), readable);
    }

private:
    Task<void> admit_and_serve(http::Request request, http::Exchange& exchange)
    {
        auto token = token_of(request);
        if (!token) {
            co_await exchange.reply(std::move(token).error());
            co_return;
        }
        const auto digest = auth::token_digest(token->reveal());
        if (auto reply = slowed_down(request, digest)) {
            co_await exchange.reply(std::move(*reply));
            co_return;
        }
        auto identity = co_await settings_.authenticator->authenticate(
            std::move(*token), after(settings_.authentication_timeout));
        if (!identity) {
            if (identity.error().code() == Errc::unauthenticated) known_.forget(digest);
            auto reply = refusal(identity.error(), request);
            co_await exchange.reply(std::move(reply));
            co_return;
        }
        known_.remember(digest, std::chrono::system_clock::now(), identity->expires);
        drop_token(request.headers);
        // Not before: a body is memory, which only who is known may take.
        auto body = co_await request.body->whole();
        if (!body) co_return;
        // Named: g++ 12 copies an aggregate made inside a co_await expression bit by bit.
        Inbound inbound{.method = std::move(request.method),
                        .headers = std::move(request.headers),
                        .body = *std::move(body),
                        .principal = settings_.admit(std::move(*identity)),
                        .id = mint_request_id()};
        co_await settings_.serve(std::move(inbound), exchange);
    }

    /// The token to authenticate, empty where none is needed, or the answer when there is none.
    std::expected<Secret, http::Reply> token_of(const http::Request& request) const
    {
        if (auth::has_query_token(request.query)) {
            return std::unexpected{malformed("an access token in the query is not accepted")};
        }
        auto token = auth::bearer_token(request.headers);
        if (!token) return std::unexpected{malformed(token.error().public_message())};
        if (*token) return std::move(**token);
        if (settings_.anonymous == Anonymous::allowed) return Secret{};
        auto reply = oauth_error(401, "unauthorized", "a bearer token is needed");
        reply.headers.emplace_back("WWW-Authenticate", auth::challenge(settings_.challenge));
        return std::unexpected{std::move(reply)};
    }

    /// The answer to a token of an address whose tokens are refused too often. A token that was
    /// good before is judged on its own: the address may be that of a proxy, with many behind it.
    std::optional<http::Reply> slowed_down(const http::Request& request, const Sha256& token)
    {
        if (throttle_.is_idle()) return std::nullopt;
        const auto wait = throttle_.wait_for(client_of(request), std::chrono::steady_clock::now());
        if (wait == std::chrono::seconds{0}) return std::nullopt;
        if (known_.contains(token, std::chrono::system_clock::now())) return std::nullopt;
        auto reply = oauth_error(429, "slow_down", "too many refused tokens; try again later");
        reply.headers.emplace_back("Retry-After", std::to_string(wait.count()));
        return reply;
    }

    std::string client_of(const http::Request& request) const
    {
        return http::client_address(request.peer, request.headers, settings_.trusted_proxies);
    }

    http::Reply malformed(std::string_view description) const
    {
        auto reply = oauth_error(400, "invalid_request", description);
        reply.headers.emplace_back(
            "WWW-Authenticate", auth::invalid_request_challenge(settings_.challenge, description));
        return reply;
    }

    http::Reply refusal(const Error& error, const http::Request& request)
    {
        const auto& message = error.public_message();
        if (error.code() == Errc::unauthenticated) {
            const auto client = client_of(request);
            throttle_.note_failure(client, std::chrono::steady_clock::now());
            log(Event::auth_refused,
                {{"peer", request.peer}, {"client", client}, {"why", error.describe()}});
            auto reply = oauth_error(401, "invalid_token", message);
            reply.headers.emplace_back("WWW-Authenticate",
                                       auth::invalid_token_challenge(settings_.challenge, message));
            return reply;
        }
        // The server's absence is no verdict on the token: clients would start to log in again.
        const bool is_ours = error.code() == Errc::internal;
        if (is_ours) log(Event::internal_error, {{"where", "auth"}, {"what", error.describe()}});
        auto reply = is_ours ? oauth_error(500, "server_error", "the token could not be checked")
                             : oauth_error(503, "temporarily_unavailable", message);
        if (!is_ours) reply.headers.emplace_back("Retry-After", retry_after_seconds);
        return reply;
    }

    const McpRouteSettings settings_;
    http::FailureThrottle throttle_;
    KnownTokens known_{known_tokens_max};
};

}  // namespace

http::Handler make_mcp_handler(McpRouteSettings settings)
{
    auto route = std::make_shared<McpRoute>(std::move(settings));
    return [route](http::Request request, http::Exchange& exchange) {
        return route->answer(std::move(request), exchange);
    };
}

}  // namespace tailops::mcp
