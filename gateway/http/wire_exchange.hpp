#pragma once

#include "gateway/http/answer.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/wire.hpp"
#include "gateway/http/wire_body.hpp"

namespace tailops::http {

/// What the request says about the form of its answer.
struct AnswerTerms {
    bool is_head{false};   // HEAD: no body
    bool is_http11{true};  // may be sent chunks
    After after{After::keep_alive};
};

/// The answer to one request, written to the connection's wire. Events are queued and written in
/// batches: a producer waits only when 64 KiB are queued, and learns of a lost client with a later
/// event. Used from the connection's strand.
class WireExchange final : public Exchange {
public:
    /// `is_draining` and `body` are read when the answer begins: whether the connection ends after
    /// it. An answer that comes before the body has been read ends it too. `body` may be null.
    WireExchange(Wire& wire, AnswerTerms terms, const bool& is_draining, const WireBody* body)
        : wire_{wire},
          terms_{terms},
          is_draining_{is_draining},
          body_{body}
    {
    }

    Task<Status> reply(Reply reply) override;
    Task<Status> begin_body(int status,
                            Headers headers,
                            std::optional<std::uint64_t> length) override;
    Task<Status> write(std::string_view piece) override;
    Task<Status> begin_events(Headers extra) override;
    Task<Status> event(std::string_view id, std::string_view data) override;
    Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) override;
    Task<Status> keep_alive() override;

    enum class Stage { fresh, replied, sending_body, streaming, ended };
    Stage stage() const noexcept { return stage_; }
    /// Ends the body or the event stream that the handler left; after that all is written or the
    /// client is gone. Errors: also internal, when less was written than was announced.
    Task<Status> end_stream();
    /// From now on the answer says that the connection closes.
    void close_after() noexcept { terms_.after = After::close; }
    After after() const noexcept
    {
        const bool is_last = is_draining_ || (body_ && body_->is_due());
        return is_last ? After::close : terms_.after;
    }

private:
    /// What the head of the answer says; from there on it stands.
    After settled_after() noexcept { return terms_.after = after(); }
    Status stream_state(Stage wanted) const;
    void begin_unframed();
    Task<Status> push();

    Wire& wire_;
    AnswerTerms terms_;
    const bool& is_draining_;
    const WireBody* const body_;
    std::optional<std::uint64_t> left_{};  // of a body whose length was announced
    Framing framing_{Framing::chunked};
    Stage stage_{Stage::fresh};
};

}  // namespace tailops::http
