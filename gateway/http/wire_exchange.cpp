#include "gateway/http/wire_exchange.hpp"

namespace tailops::http {
namespace {

Status status_of_wire(WireState state)
{
    switch (state) {
    case WireState::ok: return {};
    case WireState::timed_out:
        return fail(Errc::deadline_exceeded, "the client does not read its answer");
    case WireState::closed: return fail(Errc::cancelled, "the client is gone");
    }
    return {};
}

bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Task<Status> WireExchange::reply(Reply reply)
{
    if (stage_ != Stage::fresh) co_return fail(Errc::internal, "the request was answered already");
    stage_ = Stage::replied;
    const bool bodied = has_body(reply.status);
    std::string head;
    head.reserve(512);
    append_head(head, {.status = reply.status,
                       .headers = reply.headers,
                       .after = settled_after(),
                       .framing = bodied ? Framing::length : Framing::none,
                       .body_bytes = reply.body.size()});
    const bool sends_body = bodied && !terms_.is_head;
    co_return status_of_wire(
        co_await wire_.write_all(head, sends_body ? std::string_view{reply.body} : ""));
}

/// A body whose length nobody knows: in chunks, or to the end of the connection.
void WireExchange::begin_unframed()
{
    if (!terms_.is_http11) terms_.after = After::close;
    framing_ = terms_.is_http11 ? Framing::chunked : Framing::none;
}

Task<Status> WireExchange::begin_body(int status,
                                      Headers headers,
                                      std::optional<std::uint64_t> length)
{
    if (stage_ != Stage::fresh) co_return fail(Errc::internal, "the request was answered already");
    if (!has_body(status)) co_return fail(Errc::internal, "an answer of this status has no body");
    stage_ = Stage::sending_body;
    left_ = length;
    if (length) {
        framing_ = Framing::length;
    } else {
        begin_unframed();
    }
    append_head(wire_.outbox(), {.status = status,
                                 .headers = headers,
                                 .after = settled_after(),
                                 .framing = framing_,
                                 .body_bytes = static_cast<std::size_t>(length.value_or(0))});
    co_return co_await push();
}

Task<Status> WireExchange::write(std::string_view piece)
{
    if (auto state = stream_state(Stage::sending_body); !state) co_return state;
    if (left_) {
        if (piece.size() > *left_) {
            co_return fail(Errc::internal, "the body is longer than was announced");
        }
        *left_ -= piece.size();
    }
    if (terms_.is_head) co_return Status{};
    append_piece(wire_.outbox(), framing_, piece);
    co_return co_await push();
}

Task<Status> WireExchange::begin_events(Headers extra)
{
    if (stage_ != Stage::fresh) co_return fail(Errc::internal, "the request was answered already");
    stage_ = Stage::streaming;
    begin_unframed();
    extra.emplace_back("Content-Type", "text/event-stream");
    extra.emplace_back("Cache-Control", "no-cache, no-transform");
    extra.emplace_back("X-Accel-Buffering", "no");
    append_head(wire_.outbox(),
                {.status = 200, .headers = extra, .after = settled_after(), .framing = framing_});
    co_return co_await push();
}

Status WireExchange::stream_state(Stage wanted) const
{
    if (stage_ != wanted) return fail(Errc::internal, "no answer of this form has begun");
    if (wire_.output_state() != WireState::ok) return status_of_wire(wire_.output_state());
    if (wire_.is_gone()) return fail(Errc::cancelled, "the client is gone");
    return {};
}

Task<Status> WireExchange::push()
{
    if (wire_.is_congested()) co_return status_of_wire(co_await wire_.drained());
    wire_.flush_soon();
    co_return Status{};
}

Task<Status> WireExchange::event(std::string_view id, std::string_view data)
{
    if (auto state = stream_state(Stage::streaming); !state) co_return state;
    append_event(wire_.outbox(), framing_, id, data);
    if (wire_.is_congested()) co_return status_of_wire(co_await wire_.drained());
    wire_.flush_soon();  // not push(): one coroutine less per event
    co_return Status{};
}

Task<Status> WireExchange::prime(std::string_view id, std::chrono::milliseconds retry)
{
    if (auto state = stream_state(Stage::streaming); !state) co_return state;
    append_priming(wire_.outbox(), framing_, id, retry);
    co_return co_await push();
}

Task<Status> WireExchange::keep_alive()
{
    if (auto state = stream_state(Stage::streaming); !state) co_return state;
    append_comment(wire_.outbox(), framing_, "keepalive");
    co_return co_await push();
}

Task<Status> WireExchange::end_stream()
{
    if (stage_ != Stage::streaming && stage_ != Stage::sending_body) co_return Status{};
    const bool is_short = stage_ == Stage::sending_body && left_.value_or(0) > 0;
    stage_ = Stage::ended;
    if (framing_ == Framing::chunked && !terms_.is_head) wire_.outbox() += "0\r\n\r\n";
    auto sent = status_of_wire(co_await wire_.drained());
    if (sent && is_short && !terms_.is_head) {
        co_return fail(Errc::internal, "the body is shorter than was announced");
    }
    co_return sent;
}

}  // namespace tailops::http
