#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/async/deadline.hpp"
#include "gateway/doors/mcp/wire/errors.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::mcp {

/// One message for the client, numbered within its outbox from 1: the number is what a client
/// resumes from.
struct Outgoing {
    std::uint64_t number{0};
    Answer content{};
    bool is_answer{false};  // a response; else a notification or a request of ours
    std::string key{};      // see Outbox::notify
};

/// The messages of one stream on their way to the client: those of one POST (notifications, then
/// the answers), or those of a session that belong to no request.
///
/// It stands between who says something (a handler, on whatever strand) and who sends it (the
/// connection of the moment), so that either may come and go. One reader at a time. Safe from any
/// strand. Bounded: a notification that finds no room is dropped, an answer always finds room.
class Outbox {
public:
    struct Bounds {
        std::size_t messages_max{256};
        std::size_t bytes_max{1024 * 1024};
    };
    enum class Takeover { refuse, replace };

    /// `answers_due`: how many responses will come; 0 for a stream that ends only by close().
    explicit Outbox(std::size_t answers_due) : Outbox{answers_due, Bounds{}} {}
    Outbox(std::size_t answers_due, Bounds bounds)
        : answers_due_{answers_due},
          has_answers_{answers_due > 0},
          bounds_{bounds}
    {
    }
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox() = default;

    /// False when it was dropped. Never waits. A message that waits to be sent stands for a later
    /// one of the same key, unless the key is empty.
    bool notify(std::string message, std::string_view key = {});
    /// The reader takes nothing but answers: from now on every other message is dropped.
    void answers_only();
    void answer(Answer answer);
    /// One answer less will come: its request was cancelled by the client.
    void withdraw();
    /// Nothing more will be sent: the reader ends, with or without its answers.
    void close();

    /// The ticket of a reader; nothing when there is one already and `takeover` is refuse. A reader
    /// that was replaced finds the outbox over.
    std::optional<std::uint64_t> attach(Takeover takeover);
    void detach(std::uint64_t reader);
    /// Sends the reader away, without a word: another one goes on later.
    void interrupt();
    bool has_reader() const;

    /// From now on what is sent is also kept, within the bounds, so that it can be sent again.
    void keep_sent();
    bool keeps_sent() const;
    /// Makes the next message to take the first one after `number`, as far as it is still kept.
    void rewind_to(std::uint64_t number);

    std::optional<Outgoing> take(std::uint64_t reader);
    /// Nothing is left to take for this reader, now or later.
    bool is_over(std::uint64_t reader) const;
    bool is_closed() const;
    /// Nothing waits to be sent.
    bool is_empty() const;
    /// How many answers are still to be handed in.
    std::size_t answers_due() const;

    /// Returns when there may be something to take, when the outbox is over, or at `deadline`.
    Task<void> wait(std::uint64_t reader, Deadline deadline);

    /// Calls `wake` once, from any strand, as soon as there is something to take: for a reader that
    /// has not attached yet. An earlier one is forgotten.
    void on_next(std::function<void()> wake);

private:
    bool has_next() const { return next_ < kept_.size(); }
    void append(Outgoing outgoing);
    bool make_room(std::size_t bytes);
    bool waits(std::string_view key) const;
    void wake_reader();

    mutable std::mutex mutex_;
    std::deque<Outgoing> kept_;  // sent ones that are kept, then those still to send
    std::size_t next_{0};        // index in kept_ of the first one still to send
    std::size_t bytes_{0};       // in kept_
    std::uint64_t last_number_{0};
    std::size_t answers_due_;
    bool has_answers_;
    Bounds bounds_;
    bool keeps_{false};
    bool answers_only_{false};
    bool closed_{false};
    std::uint64_t reader_{0};  // 0: nobody
    std::uint64_t readers_{0};
    std::function<void()> wake_;
};

}  // namespace tailops::mcp
