#pragma once

#include "gateway/core/error.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"
#include "gateway/service/changes.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace tailops::mcp {

/// What one subscriptions/listen stream wants to be told (MCP 2026-07-28, basic/patterns/
/// subscriptions), whether or not it may be told of each of the resources now.
struct Interests {
    bool tools{false};
    bool prompts{false};
    bool resources{false};
    std::set<std::string, std::less<>> uris;
    std::set<std::string, std::less<>> tasks;

    bool empty() const { return !tools && !prompts && !resources && uris.empty() && tasks.empty(); }
};

/// The method and params of a change, e.g. notifications/resources/updated and `"uri":"..."`.
struct Notice {
    std::string_view method;
    std::string members;  // of its params, JSON text without braces
    std::string key;      // notices of one key say the same: a waiting one stands for the next
};
Notice notice_of(const service::Change& change);

/// The `_meta` member by which a client knows the stream that a notification belongs to.
std::string subscription_meta(const MessageId& id);

/// The open listen streams of the modern era. Safe from any strand.
class Subscriptions {
public:
    struct Bounds {
        std::size_t streams_max;
        std::size_t per_principal_max;
    };
    struct Stream {
        MessageId id;  // of the listen request: names the subscription
        std::string principal;
        service::MayKnow
            may_know;  // asked anew of each change: a reload can give rights and take them
        Interests interests;
        std::shared_ptr<Outbox> outbox;
        std::string greeting;       // the message that comes before all others
        std::function<void()> end;  // ends the stream; only ever posts
    };
    /// Takes the stream out again; outlived by the Subscriptions.
    class Place {
    public:
        Place(Subscriptions& all, std::list<Stream>::iterator at) : all_{&all}, at_{at} {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        Place(Place&& other) noexcept : all_{std::exchange(other.all_, nullptr)}, at_{other.at_} {}
        Place& operator=(Place&&) = delete;
        ~Place();

    private:
        Subscriptions* all_;
        std::list<Stream>::iterator at_;
    };

    explicit Subscriptions(Bounds bounds) : bounds_{bounds} {}
    Subscriptions(const Subscriptions&) = delete;
    Subscriptions& operator=(const Subscriptions&) = delete;
    ~Subscriptions() = default;

    /// Errors: busy (too many streams, of all or of this principal), unavailable (we are stopping).
    Result<Place> add(Stream stream);
    /// Tells the streams that have asked for it and may know of it now.
    void publish(const service::Change& change);
    /// As if each resource had changed that somebody follows.
    void publish_followed();
    /// Ends every stream, and takes no more.
    void drain();
    std::size_t size() const;

private:
    static void tell(Stream& stream, const Notice& notice);

    const Bounds bounds_;
    mutable std::mutex mutex_;
    std::list<Stream> streams_;
    std::map<std::string, std::size_t, std::less<>> counts_;  // by principal
    bool is_draining_{false};
};

}  // namespace tailops::mcp
