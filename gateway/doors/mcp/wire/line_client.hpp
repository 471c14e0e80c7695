#pragma once

#include "gateway/async/deadline.hpp"
#include "gateway/doors/mcp/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace tailops::mcp {

/// Both ways of a byte stream whose messages are lines (MCP 2026-07-28, basic/transports/stdio).
/// Used from one strand.
class Lines {
public:
    Lines() = default;
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    virtual ~Lines() = default;

    /// The next line without its end; nothing once the client has closed its side or after
    /// `close`. Errors: invalid_argument (the line was too long and is skipped; reading goes
    /// on), whatever
    /// reading failed with.
    virtual Task<Result<std::optional<std::string>>> read() = 0;
    /// One line, whole: calls that overlap do not mix. Errors: cancelled (the client is gone),
    /// deadline_exceeded (it does not read).
    virtual Task<Status> write(std::string line) = 0;
    /// Ends the reading.
    virtual void close() = 0;
};

/// The one client at the other end of `Lines`, in either era: reads its messages, serves each
/// beside the others, writes what is to be said. All of it on one strand.
class LineClient : public std::enable_shared_from_this<LineClient> {
public:
    struct Settings {
        std::function<auth::Principal()> admit;  // who the client is, asked for every message
        std::size_t requests_max{64};            // under way at a time
        int json_depth_max{64};
        std::chrono::seconds grace{10};  // for calls under way when the input has ended
    };
    LineClient(Endpoint& endpoint, Lines& lines, Settings settings);

    /// Serves until the input ends, then waits for the calls under way, no longer than the grace.
    /// Returns when the last one has ended. Call once.
    Task<void> run();

    /// Ends the reading and the calls under way; what changes something may run on. Returns when
    /// `run` does.
    Task<void> stop();

private:
    struct Served;

    Task<void> read_all();
    Task<void> take(Decoded message);
    Task<void> serve_now(Line line, std::shared_ptr<Served> served);
    void start(std::shared_ptr<Served> served, Task<void> serving);
    void follow_session();
    Task<void> end_session(std::string session);
    Inbound about_session(std::string method, std::string session) const;
    void cancel(const MessageId& id);
    void cancel_all();
    Line line_of(Decoded message) const;
    Task<void> wait_for_the_last(Deadline deadline);

    Endpoint& endpoint_;
    Lines& lines_;
    const Settings settings_;
    std::string session_;  // of a legacy client
    std::list<std::shared_ptr<Served>> under_way_;
    std::optional<boost::asio::steady_timer> changed_;  // rung when a request has ended
    bool is_stopping_{false};
    bool is_over_{false};
};

}  // namespace tailops::mcp
