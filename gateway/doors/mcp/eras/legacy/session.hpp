#pragma once

#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"
#include "gateway/doors/mcp/wire/versions.hpp"
#include "gateway/service/changes.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp::legacy {

/// A call that runs whether or not its client is still there. Its signal is touched on `home` only.
struct RunningCall {
    RunningCall(MessageId message, boost::asio::any_io_executor strand)
        : id{std::move(message)},
          home{std::move(strand)}
    {
    }
    MessageId id;
    boost::asio::any_io_executor home;
    boost::asio::cancellation_signal signal;
    std::shared_ptr<Outbox> outbox;
    bool is_withdrawn{false};  // guarded by the session: its answer is not wanted any more
};

/// A request of ours that the client has yet to answer. Its members are touched on `home` only.
struct PendingQuestion {
    explicit PendingQuestion(boost::asio::any_io_executor strand)
        : home{std::move(strand)},
          timer{home}
    {
    }
    boost::asio::any_io_executor home;
    boost::asio::steady_timer timer;
    JsonPart response;  // the whole message; null as long as there is none
};

/// What a legacy client agreed on with `initialize`, and what of it is under way. Safe from any
/// strand.
class Session {
public:
    struct Terms {
        std::string principal;  // Identity::key of the one who opened it
        Revision revision{newest_legacy};
        std::string client;
        JsonPart capabilities;  // what the client declared; may be null
    };
    /// How many finished streams a client can resume.
    static constexpr std::size_t streams_kept_max = 16;
    static constexpr std::size_t followed_max = 256;

    Session(std::string id, Terms terms) : id_{std::move(id)}, terms_{std::move(terms)} {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() = default;

    const std::string& id() const noexcept { return id_; }
    const Terms& terms() const noexcept { return terms_; }
    /// Server messages that belong to no request; the GET stream reads it.
    const std::shared_ptr<Outbox>& standalone() const noexcept { return standalone_; }

    /// False when `calls_max` are under way already.
    bool add(const std::shared_ptr<RunningCall>& call, std::size_t calls_max);
    /// Whether the call's answer is still wanted.
    bool remove(const std::shared_ptr<RunningCall>& call);
    /// notifications/cancelled: stops the calls of that id; no answer is sent for them.
    void cancel(const MessageId& id);

    /// Registers a question under an id that no other request of ours to this client has; the id
    /// as JSON text.
    std::string add(const std::shared_ptr<PendingQuestion>& question);
    void forget_question(const std::string& id);
    /// The client's response to the question of that id; one that nobody waits for is dropped.
    void resolve(const MessageId& id, JsonPart response);

    /// From logging/setLevel; `info` until the client says otherwise.
    service::LogLevel log_level() const;
    void set_log_level(service::LogLevel level);

    /// resources/subscribe, by whoever `may_know` speaks for: the last one speaks for all that the
    /// session follows. False when it follows too many already.
    bool follow(const std::string& uri, service::MayKnow may_know);
    void unfollow(const std::string& uri);
    std::vector<std::string> followed() const;
    /// Somebody, with a token of its own, opens the GET stream and reads what is told.
    void listen(service::MayKnow may_know);
    /// Whether it follows the resource, and who follows and who listens may both know of the change
    /// now.
    bool is_to_be_told(const service::change::Resource& resource) const;

    /// Names a new stream; its outbox can be found under that name until `forget` or until newer
    /// ones take its place.
    std::string open_stream(std::shared_ptr<Outbox> outbox);
    void forget_stream(const std::string& name);
    /// Null when there is none, or no longer. "0" is the GET stream.
    std::shared_ptr<Outbox> find_stream(std::string_view name) const;

    /// Something runs or listens: such a session does not expire.
    bool is_active() const;
    /// The session is over: cancels its calls, ends its GET stream.
    void end();
    bool is_ended() const;

private:
    const std::string id_;
    const Terms terms_;
    const std::shared_ptr<Outbox> standalone_{std::make_shared<Outbox>(0)};
    mutable std::mutex mutex_;
    std::list<std::shared_ptr<RunningCall>> calls_;
    std::map<std::uint64_t, std::shared_ptr<Outbox>> streams_;
    std::uint64_t last_stream_{0};
    std::map<std::string, std::shared_ptr<PendingQuestion>, std::less<>> questions_;
    std::uint64_t last_question_{0};
    service::LogLevel log_level_{service::LogLevel::info};
    std::set<std::string, std::less<>> followed_;
    service::MayKnow follower_;  // null: nobody has followed anything
    service::MayKnow listener_;  // null: nobody has listened yet
    bool is_ended_{false};
};

/// Keeps a question registered for as long as somebody waits for its answer.
class PendingEntry {
public:
    PendingEntry(Session& session, const std::shared_ptr<PendingQuestion>& question)
        : session_{session},
          id_{session.add(question)}
    {
    }
    PendingEntry(const PendingEntry&) = delete;
    PendingEntry& operator=(const PendingEntry&) = delete;
    ~PendingEntry() { session_.forget_question(id_); }
    const std::string& id() const noexcept { return id_; }

private:
    Session& session_;
    const std::string id_;
};

}  // namespace tailops::mcp::legacy
