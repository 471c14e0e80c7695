#pragma once

#include "gateway/http/body_budget.hpp"
#include "gateway/http/limits.hpp"
#include "gateway/http/message.hpp"
#include "gateway/http/request_body.hpp"
#include "gateway/http/wire.hpp"
#include "gateway/net/chunks.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <expected>
#include <optional>
#include <string>

namespace tailops::http {

/// The body that a request's head announces, read from the connection's wire.
class WireBody final : public RequestBody {
public:
    /// Why it could not be read: the answer to give, or nothing when nobody is there to read it.
    using Ending = std::optional<Refusal>;

    /// Takes what came with its head out of the inbox; what stands there then is the next request.
    /// All that is referred to outlives this.
    WireBody(Wire& wire,
             const MessageHead& head,
             const Limits& limits,
             BodyBudget::Hold held,
             boost::asio::cancellation_signal& hang_up);

    Task<std::optional<std::string>> whole() override;
    Task<std::optional<std::string>> next() override;

    /// Whether the client has yet to send some of it, so that no request can follow.
    bool is_due() const noexcept { return stage_ != Stage::here && stage_ != Stage::ended; }
    const std::optional<Ending>& ending() const noexcept { return ending_; }
    /// What was held of it is gone.
    void let_go() { held_.reset(); }

private:
    using Read = std::expected<std::string, Ending>;
    enum class Stage {
        here,     // all of it came with the head
        waiting,  // nobody has asked
        coming,
        ended,
    };

    Task<Read> read_whole();
    Task<Read> read_sized(Deadline deadline);
    Task<Read> read_chunked(Deadline deadline);
    Task<Read> read_piece();
    Task<Read> read_sized_piece();
    Task<Read> read_chunked_piece();
    Task<WireState> begin();
    void end();
    std::string take_from_inbox(std::size_t length);
    /// What a handler gets of it.
    std::optional<std::string> told(Read read);

    Wire& wire_;
    const Limits& limits_;
    std::optional<BodyBudget::Hold> held_;
    boost::asio::cancellation_signal& hang_up_;
    Stage stage_{Stage::ended};
    bool is_chunked_{false};
    bool expects_continue_{false};
    std::uint64_t left_{0};  // of a body whose length is known
    net::ChunkDecoder decoder_{net::ChunkDecoder::unbounded};
    std::string here_;
    std::optional<Ending> ending_;
};

}  // namespace tailops::http
