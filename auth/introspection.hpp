#pragma once

#include "auth/authenticator.hpp"
#include "auth/claims.hpp"
#include "auth/http_connect.hpp"
#include "gateway/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tailops::auth {

/// How the gateway shows the authorization server who it is.
enum class ClientAuthentication {
    basic,   // RFC 6749 section 2.3.1
    form,    // client_id and client_secret in the body, ibid.
    bearer,  // `client_secret` is a bearer token (RFC 7662 section 2.1)
    none,    // by where we come from: TSIDP knows loopback and tailnet nodes
};

struct IntrospectionSettings {
    std::string issuer;
    std::string introspection_endpoint;  // empty: from the issuer's discovery document
    std::string client_id;
    Secret client_secret;
    ClientAuthentication client_authentication{ClientAuthentication::basic};
    std::vector<std::string> audience;  // our resource identifiers, the canonical URL first
    ScopeSource scopes{ScopeSource::automatic};
    std::chrono::seconds clock_skew{60};
    // How long an answer stands. `accepted` is also how long a revoked token may go on working.
    std::chrono::seconds accepted_for{60};
    std::chrono::seconds refused_for{5};
    std::size_t cache_entries_max{10'000};
    std::size_t lookups_max{256};     // distinct tokens that are being asked about
    std::chrono::seconds timeout{5};  // of one exchange with the server
};

/// Asks the authorization server about tokens (RFC 7662) and remembers what it said.
///
/// Safe from any strand. Every exchange runs apart from the callers that wait for it: one per token
/// at a time, each caller with its own deadline, and cancelling a caller disturbs nobody. Nothing
/// is kept but digests of tokens; a server that fails is never guessed for, and its failures are
/// not remembered.
class Introspector : public Authenticator {
public:
    /// `io` runs the exchanges and must outlive the introspector.
    /// Errors: invalid_argument (a URL that is neither https nor loopback, no audience, a missing
    /// client id or secret).
    static Result<std::shared_ptr<Introspector>> create(IntrospectionSettings settings,
                                                        HttpConnect connect,
                                                        boost::asio::any_io_executor io,
                                                        std::shared_ptr<const Clock> clock);
    Introspector(const Introspector&) = delete;
    Introspector& operator=(const Introspector&) = delete;
    ~Introspector() override;

    /// Errors: those of Authenticator, and busy (`lookups_max` tokens are being asked about).
    Task<Result<Identity>> authenticate(Secret token, Deadline deadline) override;

    /// Finds the server, so that the first caller need not wait and `advertised_scopes` knows.
    /// Errors: unreachable, deadline_exceeded, cancelled.
    Task<Status> warm_up(Deadline deadline);

    /// Whether rights come from the token, as far as is known: false until discovery has answered
    /// when the settings leave it to the server.
    bool scopes_come_from_token() const;

    /// The scopes that clients may be told to ask for: those of ours that the server lists, when
    /// rights come from the token; else none.
    std::vector<std::string> advertised_scopes() const;

    struct Counts {
        std::size_t accepted_cached;
        std::size_t refused_cached;
        std::size_t in_flight;
    };
    Counts counts() const;

    struct State;
    explicit Introspector(std::shared_ptr<State> state);  ///< use `create`

private:
    std::shared_ptr<State> state_;
};

}  // namespace tailops::auth
