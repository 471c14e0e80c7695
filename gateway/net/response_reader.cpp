#include "gateway/net/response_reader.hpp"

#include "gateway/core/try.hpp"
#include "gateway/net/chunks.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <optional>

namespace tailops::net {
namespace http = boost::beast::http;

namespace {

using boost::system::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text)
{
    return {text.data(), text.size()};
}

/// Collects what Beast's parser finds: heads, and bodies that are not chunked.
class Parser final : public http::basic_parser<false> {
public:
    Parser(HttpResponse& response, ResponseReader::Bounds bounds, const BodyTap& tap)
        : response_{response},
          body_limit_bytes_{bounds.body_bytes},
          tap_{tap}
    {
        header_limit(
            static_cast<std::uint32_t>(std::min<std::size_t>(bounds.header_bytes, 1u << 30)));
        body_limit(boost::none);  // ours stops reading instead of failing
        eager(false);             // stops behind the head: a chunked body is not for this parser
    }

    /// Whether there is more of the body than anybody wants.
    bool is_enough() const noexcept { return response_.truncated && wants_ == Wants::nothing; }

    /// Takes the next piece of the body, whoever decoded it.
    void hear(std::string_view piece)
    {
        const auto room = body_limit_bytes_ - response_.body.size();
        response_.body.append(piece.substr(0, room));
        if (piece.size() > room) response_.truncated = true;
        if (tap_) wants_ = tap_(response_, piece);
    }

private:
    void on_request_impl(http::verb, BeastView, BeastView, int, error_code&) override {}
    void on_response_impl(int code, BeastView, int, error_code&) override
    {
        response_.status = code;
    }
    void on_field_impl(http::field, BeastView name, BeastView value, error_code&) override
    {
        response_.headers.emplace_back(view(name), view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override
    {
        if (length) response_.body.reserve(std::min<std::size_t>(*length, body_limit_bytes_));
    }
    std::size_t on_body_impl(BeastView body, error_code& error) override
    {
        hear(view(body));
        if (is_enough()) error = http::error::body_limit;
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override
    {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    HttpResponse& response_;
    std::size_t body_limit_bytes_;
    const BodyTap& tap_;
    Wants wants_{Wants::nothing};
};

Error malformed(std::string detail)
{
    return Error{Errc::unreachable, "the server's answer is not proper HTTP"}.with_detail(
        std::move(detail));
}

}  // namespace

struct ResponseReader::State {
    State(Body body_, Bounds bounds_, BodyTap tap_)
        : body{body_},
          bounds{bounds_},
          tap{std::move(tap_)}
    {
        restart();
    }

    void restart()
    {
        response = HttpResponse{};
        parser.emplace(response, bounds, tap);
        if (body == Body::none) parser->skip(true);
        chunks = ChunkDecoder{ChunkDecoder::unbounded};
    }

    /// Whether what comes next is for the chunk decoder.
    bool is_in_chunks() const
    {
        return parser->is_header_done() && parser->chunked() && !parser->is_done();
    }
    bool is_complete() const
    {
        return parser->is_done() || (parser->is_header_done() && chunks.is_complete());
    }

    /// Whether there is enough of a status line for the parser, which then gets a proper one.
    bool complete_status_line();
    /// Both take what they can of `pending`, and say how much that was.
    Result<std::size_t> take_by_parser();
    Result<std::size_t> take_chunks();

    /// Whether the response just completed announces another one (RFC 9110 section 15.2); 101 is
    /// the last, and nothing we asked for.
    bool is_interim() const { return response.status / 100 == 1 && response.status != 101; }

    /// Whether more body is announced than we shall keep, and all we keep is there: no need to wait
    /// for the byte that would prove it.
    bool is_full() const
    {
        if (tap || !parser->is_header_done() || body == Body::none) return false;
        const auto length = parser->content_length();
        return length && *length > bounds.body_bytes && response.body.size() >= bounds.body_bytes;
    }

    Body body;
    Bounds bounds;
    BodyTap tap;
    HttpResponse response;
    std::optional<Parser> parser;
    ChunkDecoder chunks{ChunkDecoder::unbounded};
    std::string pending;  // not yet taken by the parser: an incomplete header or chunk header
    bool begun{false};
};

ResponseReader::ResponseReader(Body body, Bounds bounds, BodyTap tap)
    : state_{std::make_unique<State>(body, bounds, std::move(tap))}
{
}

ResponseReader::~ResponseReader() = default;

/// "HTTP/1.1 200" without the space behind it, as some appliances answer, is not what RFC 9112
/// section 4 demands, and what Beast refuses. Nothing else can be meant.
bool ResponseReader::State::complete_status_line()
{
    constexpr std::string_view begins{"HTTP/1."};
    constexpr std::size_t length = std::string_view{"HTTP/1.1 200"}.size();
    if (parser->got_some()) return true;
    if (pending.size() > length) {
        if (pending.starts_with(begins) && pending[length] == '\r') pending.insert(length, 1, ' ');
        return true;
    }
    const auto known = std::min(pending.size(), begins.size());
    return pending.compare(0, known, begins, 0, known) != 0;
}

Result<std::size_t> ResponseReader::State::take_by_parser()
{
    if (!complete_status_line()) return 0;
    error_code error;
    const auto taken =
        parser->put(boost::asio::const_buffer{pending.data(), pending.size()}, error);
    if (error && error != http::error::need_more && !parser->is_enough()) {
        return fail(malformed(error.message()));
    }
    return taken;
}

Result<std::size_t> ResponseReader::State::take_chunks()
{
    std::string piece;
    const auto taken = chunks.decode(pending, piece);
    if (!taken) return fail(malformed("a chunk is not valid"));
    if (!piece.empty()) parser->hear(piece);
    return *taken;
}

Result<ResponseReader::Step> ResponseReader::feed(std::string_view bytes)
{
    auto& state = *state_;
    if (!bytes.empty()) state.begun = true;
    state.pending.append(bytes);
    while (!state.pending.empty()) {
        TAILOPS_TRY(const auto taken,
                    state.is_in_chunks() ? state.take_chunks() : state.take_by_parser());
        state.pending.erase(0, taken);
        if (state.parser->is_enough()) return Step::done;
        if (state.is_full()) {
            state.response.truncated = true;
            return Step::done;
        }
        if (state.is_complete()) {
            if (!state.is_interim()) return Step::done;
            state.restart();
            continue;
        }
        if (taken == 0) break;
    }
    if (state.pending.size() > state.bounds.header_bytes) {
        return fail(malformed("a header is too long"));
    }
    return Step::more;
}

Status ResponseReader::finish()
{
    auto& state = *state_;
    error_code error = http::error::partial_message;
    if (state.parser->got_some() && state.pending.empty()) state.parser->put_eof(error);
    if (!error || is_beyond_limit()) return {};
    return fail(Error{Errc::unreachable, "the server's answer broke off"}.with_detail(
        state.begun ? "the connection ended inside the answer"
                    : "the connection ended before an answer"));
}

bool ResponseReader::is_beyond_limit() const noexcept
{
    return state_->response.truncated;
}

bool ResponseReader::has_begun() const noexcept
{
    return state_->begun;
}

bool ResponseReader::can_keep_connection() const noexcept
{
    const auto& state = *state_;
    return state.is_complete() && state.parser->keep_alive() && state.pending.empty() &&
           !state.response.truncated && state.response.status != 101;
}

HttpResponse ResponseReader::take() &&
{
    state_->response.broken_off = !state_->is_complete();
    return std::move(state_->response);
}

}  // namespace tailops::net
