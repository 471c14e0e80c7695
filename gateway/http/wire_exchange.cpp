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

Task<Status> WireExchange::reply(mcp::Reply reply)
{
    if (stage_ != Stage::fresh) co_return fail(Errc::internal, "the request was answered already");
    stage_ = Stage::replied;
    const bool bodied = has_body(reply.status);
    std::string head;
    head.reserve(512);
    append_head(head, {.status = reply.status,
                       .headers = reply.headers,
                       .after = after(),
                       .framing = bodied ? Framing::length : Framing::none,
                       .body_bytes = reply.body.size()});
    const bool sends_body = bodied && !terms_.is_head;
    co_return status_of_wire(
        co_await wire_.write_all(head, sends_body ? std::string_view{reply.body} : ""));
}

Task<Status> WireExchange::begin_events(mcp::Headers extra)
{
    if (stage_ != Stage::fresh) co_return fail(Errc::internal, "the request was answered already");
    stage_ = Stage::streaming;
    if (!terms_.is_http11) terms_.after = After::close;
    framing_ = terms_.is_http11 ? Framing::chunked : Framing::none;
    extra.emplace_back("Content-Type", "text/event-stream");
    extra.emplace_back("Cache-Control", "no-cache, no-transform");
    extra.emplace_back("X-Accel-Buffering", "no");
    append_head(wire_.outbox(),
                {.status = 200, .headers = extra, .after = after(), .framing = framing_});
    co_return co_await push();
}

Status WireExchange::stream_state() const
{
    if (stage_ != Stage::streaming) return fail(Errc::internal, "no event stream has begun");
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
    if (auto state = stream_state(); !state) co_return state;
    append_event(wire_.outbox(), framing_, id, data);
    if (wire_.is_congested()) co_return status_of_wire(co_await wire_.drained());
    wire_.flush_soon();  // not push(): one coroutine less per event
    co_return Status{};
}

Task<Status> WireExchange::prime(std::string_view id, std::chrono::milliseconds retry)
{
    if (auto state = stream_state(); !state) co_return state;
    append_priming(wire_.outbox(), framing_, id, retry);
    co_return co_await push();
}

Task<Status> WireExchange::keep_alive()
{
    if (auto state = stream_state(); !state) co_return state;
    append_comment(wire_.outbox(), framing_, "keepalive");
    co_return co_await push();
}

Task<Status> WireExchange::end_events()
{
    if (stage_ != Stage::streaming) co_return Status{};
    stage_ = Stage::ended;
    if (framing_ == Framing::chunked) wire_.outbox() += "0\r\n\r\n";
    co_return status_of_wire(co_await wire_.drained());
}

}  // namespace tailops::http
