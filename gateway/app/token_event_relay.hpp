#pragma once

#include "auth/token_store.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/audit/trail.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::app {

/// Carries what befell tokens from the store, where any process may have put it, into the audit
/// trail, which this process alone writes.
///
/// An event is forgotten by the store once its record is durable. A crash between the two has the
/// next start record it again, with the same id: at least once, and always to be told apart.
///
/// Belongs to one strand; everything it is given outlives it.
class TokenEventRelay {
public:
    struct Ends {
        auth::TokenStore& tokens;
        auth::TokenEvents& events;  // the same store
        audit::Trail& trail;
        boost::asio::thread_pool& blocking;
        /// Told of each token that was revoked, before its record is written; null: nobody is.
        std::function<void(const std::string& token)> on_revoked{};
    };
    TokenEventRelay(Ends ends,
                    const boost::asio::any_io_executor& io,
                    std::chrono::milliseconds interval = std::chrono::seconds{1});

    /// Records everything that waits. Errors: those of the store and the trail; what was not
    /// recorded waits on.
    Task<Status> drain();

    /// Drains at once, and then within `interval` of each change in the store, until stop(). What
    /// fails is tried again as often.
    Task<void> run();
    /// Ends run(). Returns when it has ended, or at `deadline`.
    Task<void> stop(Deadline deadline);

private:
    Task<Status> look(std::optional<std::int64_t>& seen);
    void note(const Status& drained);

    Ends ends_;
    std::chrono::milliseconds interval_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer ended_;
    std::int64_t recorded_{0};  // the last event that is in the trail, forgotten or not yet
    bool is_failing_{false};
    bool is_running_{false};
    bool is_stopping_{false};
};

/// What such a record says of a revocation: a database that forgot one is told by it.
inline constexpr std::string_view token_revoked = "a token was revoked";

/// The record that tells of `event`.
audit::Record record_of(const auth::TokenEvent& event);

}  // namespace tailops::app
