#pragma once

#include "gateway/http/answer.hpp"
#include "gateway/http/wire.hpp"
#include "gateway/mcp/exchange.hpp"

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
class WireExchange final : public mcp::Exchange {
public:
    /// `is_draining` is read when the answer begins: whether the connection ends after it.
    WireExchange(Wire& wire, AnswerTerms terms, const bool& is_draining)
        : wire_{wire},
          terms_{terms},
          is_draining_{is_draining}
    {
    }

    Task<Status> reply(mcp::Reply reply) override;
    Task<Status> begin_events(mcp::Headers extra) override;
    Task<Status> event(std::string_view id, std::string_view data) override;
    Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) override;
    Task<Status> keep_alive() override;

    enum class Stage { fresh, replied, streaming, ended };
    Stage stage() const noexcept { return stage_; }
    /// Ends the event stream that the handler left; after that all is written or the client is
    /// gone.
    Task<Status> end_events();
    /// From now on the answer says that the connection closes.
    void close_after() noexcept { terms_.after = After::close; }
    /// What an answer that has not begun will say of the connection.
    void set_after(After after) noexcept { terms_.after = after; }
    After after() const noexcept { return is_draining_ ? After::close : terms_.after; }

private:
    Status stream_state() const;
    Task<Status> push();

    Wire& wire_;
    AnswerTerms terms_;
    const bool& is_draining_;
    Framing framing_{Framing::chunked};
    Stage stage_{Stage::fresh};
};

}  // namespace tailops::http
