#pragma once

#include "auth/flight.hpp"
#include "auth/http_connect.hpp"
#include "gateway/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>

namespace tailops::auth {

/// What an authorization server says of itself (RFC 8414, OpenID Connect Discovery 1.0).
struct ServerMetadata {
    std::string issuer;
    std::string introspection_endpoint;  // https, or loopback; never empty
    std::set<std::string> scopes_supported;
};

struct DiscoverySettings {
    std::string issuer;
    std::chrono::seconds fresh_for{600};
    // A suspicion of the metadata (an endpoint that fails) counts only after this.
    std::chrono::seconds suspect_after{10};
    std::chrono::seconds timeout{5};
    std::size_t document_bytes_max{64 * 1024};
};

/// Knows the metadata of one issuer: asks when it must, remembers, and keeps what it knew when a
/// later question fails. Tries `ISSUER/.well-known/openid-configuration`, then RFC 8414's
/// `/.well-known/oauth-authorization-server`, with the issuer's path after it. Safe from any
/// strand.
class Discovery {
public:
    using Known = std::shared_ptr<const ServerMetadata>;

    /// Errors: invalid_argument (the issuer is no https or loopback URL).
    static Result<std::unique_ptr<Discovery>> create(DiscoverySettings settings,
                                                     HttpConnect connect,
                                                     boost::asio::any_io_executor io,
                                                     std::shared_ptr<const Clock> clock);
    Discovery(const Discovery&) = delete;
    Discovery& operator=(const Discovery&) = delete;
    ~Discovery();

    /// The metadata, asked for now if it is unknown. When it is stale the old is returned and the
    /// question runs beside. Questions run apart from their callers, one at a time.
    /// Errors: unreachable (neither document is there, usable and of this issuer; the detail says
    /// why), deadline_exceeded, cancelled.
    Task<Result<Known>> metadata(Deadline deadline);

    /// What is known without asking, or null.
    Known known() const;

    /// Something that the metadata named did not work: have the next caller ask anew.
    void suspect();

private:
    struct State;
    explicit Discovery(std::shared_ptr<State> state);
    static Task<Result<Known>> ask(std::shared_ptr<State> state);
    static Task<void> run(std::shared_ptr<State> state, std::shared_ptr<Flight<Known>> flight);
    std::shared_ptr<State> state_;
};

}  // namespace tailops::auth
