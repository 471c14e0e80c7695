#pragma once

#include "auth/authenticator.hpp"
#include "auth/token_store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>

namespace tailops::auth {

/// What every gateway token begins with: secret scanners and TokenRouter know it by this.
inline constexpr std::string_view gateway_token_prefix = "tailops_";

struct MintRequest {
    std::string subject;
    std::set<std::string> scopes;  // none: rights come from the policy's roles for `subject`
    std::chrono::seconds lifetime{0};
};

struct MintedToken {
    Secret text;  // shown once, kept nowhere
    StoredToken stored;
};

/// A new token: "tailops_" and 32 random bytes in base64url, and what to keep of it. Insert
/// `stored` into the store before handing out `text`. Errors: invalid_argument (no subject, an
/// unknown scope, a lifetime that is not in 1 s to 3660 d).
Result<MintedToken> mint(const MintRequest& request, TimePoint now);

struct GatewayTokenSettings {
    // A known token is answered from memory that was compared with the store at most `stale_after`
    // ago. When the comparison is older than `refresh_after`, the next one begins beside the call.
    std::chrono::milliseconds refresh_after{250};
    std::chrono::milliseconds stale_after{1000};
    // Unknown tokens cause a comparison each, but no more than one per `unknown_interval`.
    std::chrono::milliseconds unknown_interval{50};
};

/// Knows the tokens of a TokenStore. A hit touches no disk; a token that any process revoked is
/// refused within a second, one that any process minted works at once. Safe from any strand.
class GatewayTokenAuthenticator : public Authenticator {
public:
    /// `io` and `blocking` must outlive it; the store is read on `blocking` only.
    GatewayTokenAuthenticator(std::shared_ptr<TokenStore> store,
                              boost::asio::any_io_executor io,
                              boost::asio::thread_pool& blocking,
                              std::shared_ptr<const Clock> clock,
                              GatewayTokenSettings settings = {});
    GatewayTokenAuthenticator(const GatewayTokenAuthenticator&) = delete;
    GatewayTokenAuthenticator& operator=(const GatewayTokenAuthenticator&) = delete;
    ~GatewayTokenAuthenticator() override;

    /// The identity: issuer "tailops", client_id the token's public id.
    /// Errors: those of Authenticator; unreachable when the store cannot be read.
    Task<Result<Identity>> authenticate(Secret token, Deadline deadline) override;

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace tailops::auth
