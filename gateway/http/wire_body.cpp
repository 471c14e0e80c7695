#include "gateway/http/wire_body.hpp"

#include <algorithm>

namespace tailops::http {
namespace {

constexpr std::size_t chunk_read_bytes = 16 * 1024;
// A body is believed as it arrives: a claimed length alone takes no more memory than this.
constexpr std::size_t body_reserve_bytes = 64 * 1024;

constexpr Refusal body_timeout{408, "the request body took too long"};
constexpr Refusal body_too_large{413, "the request body is too large"};
constexpr Refusal bad_chunk{400, "the chunked body is not valid"};
constexpr Refusal no_room{503, "too many request bodies are under way; try again shortly"};

WireBody::Ending refusal_of(net::ChunkFault fault)
{
    return fault == net::ChunkFault::too_large ? body_too_large : bad_chunk;
}

WireBody::Ending refusal_of(WireState state)
{
    return state == WireState::timed_out ? WireBody::Ending{body_timeout} : WireBody::Ending{};
}

}  // namespace

WireBody::WireBody(Wire& wire,
                   const MessageHead& head,
                   const Limits& limits,
                   BodyBudget::Hold held,
                   boost::asio::cancellation_signal& hang_up)
    : wire_{wire},
      limits_{limits},
      held_{std::move(held)},
      hang_up_{hang_up},
      is_chunked_{head.is_chunked},
      expects_continue_{head.expects_continue},
      left_{head.content_length.value_or(0)}
{
    if (is_chunked_) {
        stage_ = Stage::waiting;
    } else if (left_ > 0) {
        const bool is_here = left_ <= wire_.inbox().size();
        stage_ = is_here ? Stage::here : Stage::waiting;
        if (is_here) here_ = take_from_inbox(static_cast<std::size_t>(left_));
    }
}

std::string WireBody::take_from_inbox(std::size_t length)
{
    auto& inbox = wire_.inbox();
    std::string taken;
    if (inbox.size() == length) {
        taken.swap(inbox);
        return taken;
    }
    taken = inbox.substr(0, length);
    inbox.erase(0, taken.size());
    return taken;
}

std::optional<std::string> WireBody::told(Read read)
{
    if (read) return *std::move(read);
    ending_ = read.error();
    return std::nullopt;
}

/// From here on what comes is the body, not a sign that the client has gone.
Task<WireState> WireBody::begin()
{
    if (stage_ != Stage::waiting) co_return WireState::ok;
    stage_ = Stage::coming;
    wire_.unwatch();
    if (!expects_continue_ || !wire_.inbox().empty()) co_return WireState::ok;
    co_return co_await wire_.write_all("HTTP/1.1 100 Continue\r\n\r\n", "");
}

void WireBody::end()
{
    stage_ = Stage::ended;
    wire_.watch(hang_up_);
}

Task<std::optional<std::string>> WireBody::whole()
{
    auto read = co_await read_whole();
    co_return told(std::move(read));
}

Task<WireBody::Read> WireBody::read_whole()
{
    if (!is_chunked_ && left_ > limits_.body_bytes) {
        co_return std::unexpected{Ending{body_too_large}};
    }
    if (stage_ == Stage::ended) co_return std::string{};
    if (stage_ == Stage::here) {
        stage_ = Stage::ended;
        if (!held_->grow_to(here_.size())) co_return std::unexpected{Ending{no_room}};
        co_return std::move(here_);
    }
    const auto begun = co_await begin();
    if (begun != WireState::ok) co_return std::unexpected{Ending{}};
    const auto deadline = after(limits_.body_read_timeout);
    if (is_chunked_) co_return co_await read_chunked(deadline);
    co_return co_await read_sized(deadline);
}

Task<WireBody::Read> WireBody::read_sized(Deadline deadline)
{
    const auto length = static_cast<std::size_t>(left_);
    auto body = take_from_inbox(std::min(wire_.inbox().size(), length));
    body.reserve(std::min(length, body_reserve_bytes));
    for (;;) {
        if (!held_->grow_to(body.size())) co_return std::unexpected{Ending{no_room}};
        if (body.size() == length) break;
        const auto read = co_await wire_.read_some(body, length - body.size(), deadline);
        if (read != WireState::ok) co_return std::unexpected{refusal_of(read)};
    }
    end();
    co_return body;
}

Task<WireBody::Read> WireBody::read_chunked(Deadline deadline)
{
    auto& inbox = wire_.inbox();
    decoder_ = net::ChunkDecoder{limits_.body_bytes};
    std::string body;
    for (;;) {
        const auto taken = decoder_.decode(inbox, body);
        if (!taken) co_return std::unexpected{refusal_of(taken.error())};
        inbox.erase(0, *taken);
        if (!held_->grow_to(body.size())) co_return std::unexpected{Ending{no_room}};
        if (decoder_.is_complete()) break;
        const auto read = co_await wire_.read_some(inbox, chunk_read_bytes, deadline);
        if (read != WireState::ok) co_return std::unexpected{refusal_of(read)};
    }
    end();
    co_return body;
}

Task<std::optional<std::string>> WireBody::next()
{
    if (ending_) co_return std::nullopt;
    auto read = co_await read_piece();
    co_return told(std::move(read));
}

Task<WireBody::Read> WireBody::read_piece()
{
    if (!held_->grow_to(piece_bytes_max)) co_return std::unexpected{Ending{no_room}};
    if (stage_ == Stage::ended) co_return std::string{};
    if (stage_ == Stage::here) {
        std::string piece = here_.substr(0, piece_bytes_max);
        here_.erase(0, piece.size());
        if (here_.empty()) stage_ = Stage::ended;
        co_return piece;
    }
    const auto begun = co_await begin();
    if (begun != WireState::ok) co_return std::unexpected{Ending{}};
    if (is_chunked_) co_return co_await read_chunked_piece();
    co_return co_await read_sized_piece();
}

Task<WireBody::Read> WireBody::read_sized_piece()
{
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_bytes_max));
    auto piece = take_from_inbox(std::min(wire_.inbox().size(), most));
    if (piece.empty()) {
        const auto deadline = after(limits_.body_read_timeout);
        const auto read = co_await wire_.read_some(piece, most, deadline);
        if (read != WireState::ok) co_return std::unexpected{refusal_of(read)};
    }
    left_ -= piece.size();
    if (left_ == 0) end();
    co_return piece;
}

Task<WireBody::Read> WireBody::read_chunked_piece()
{
    auto& inbox = wire_.inbox();
    const auto deadline = after(limits_.body_read_timeout);
    std::string piece;
    for (;;) {
        const auto now = std::string_view{inbox}.substr(0, piece_bytes_max - piece.size());
        const auto taken = decoder_.decode(now, piece);
        if (!taken) co_return std::unexpected{refusal_of(taken.error())};
        inbox.erase(0, *taken);
        if (decoder_.is_complete()) {
            // The end of the body is told by an empty piece of its own.
            end();
            co_return piece;
        }
        if (!piece.empty()) co_return piece;
        const auto read = co_await wire_.read_some(inbox, chunk_read_bytes, deadline);
        if (read != WireState::ok) co_return std::unexpected{refusal_of(read)};
    }
}

}  // namespace tailops::http
