#include "gateway/http/message.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/header_text.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <charconv>

namespace tailops::http {
namespace beast = boost::beast;
using beast::http::field;

namespace {

constexpr std::size_t headers_max = 128;

constexpr Refusal bad_line_ending{400, "a line of the request head does not end in CRLF"};
constexpr Refusal folded_line{400, "folded header lines are not accepted"};
constexpr Refusal bad_target{400, "the request target is not valid"};

bool is_visible_ascii(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

/// Puts the parts of `target` (RFC 9112 section 3.2) into `head`. CONNECT's form is refused with
/// the rest: we are no proxy.
bool take_target(std::string_view target, MessageHead& head)
{
    if (!is_visible_ascii(target)) return false;
    if (target == "*") {
        head.path = "*";
        return head.method == "OPTIONS";
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!has_prefix_ignoring_case(target, scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto end = std::min(target.find_first_of("/?"), target.size());
        head.authority = target.substr(0, end);
        target.remove_prefix(end);
        if (head.authority.empty()) return false;
        if (target.empty()) target = "/";
        break;
    }
    const auto mark = std::min(target.find('?'), target.size());
    head.path = target.substr(0, mark);
    if (mark < target.size()) head.query = target.substr(mark + 1);
    return head.path.starts_with('/');
}

}  // namespace

std::expected<std::size_t, Refusal> HeadScanner::scan(std::string_view bytes)
{
    if (scanned_ == 0 && !bytes.empty() && !is_token_character(bytes.front())) {
        return std::unexpected{Refusal{400, "this is not an HTTP request"}};
    }
    for (;;) {
        const auto end = bytes.find('\n', scanned_);
        if (end == std::string_view::npos) {
            scanned_ = bytes.size();
            // A fold shows at the first byte of its line; the line itself may never end.
            if (line_start_ > 0 && line_start_ < bytes.size() && is_blank(bytes[line_start_])) {
                return std::unexpected{folded_line};
            }
            return 0;
        }
        if (end == line_start_ || bytes[end - 1] != '\r') return std::unexpected{bad_line_ending};
        if (line_start_ > 0 && is_blank(bytes[line_start_])) return std::unexpected{folded_line};
        scanned_ = end + 1;
        if (end == line_start_ + 1) return scanned_;
        line_start_ = scanned_;
    }
}

namespace {

/// Beast's parser with our rules on top, writing straight into a MessageHead.
struct HeadParser final : beast::http::basic_parser<true> {
    MessageHead head;
    std::optional<Refusal> refusal;
    bool has_length{false};
    bool has_coding{false};

    void refuse(Refusal why, beast::error_code& ec)
    {
        refusal = why;
        ec = beast::http::error::bad_value;
    }

    void on_request_impl(beast::http::verb,
                         beast::string_view method,
                         beast::string_view target,
                         int version,
                         beast::error_code& ec) override
    {
        head.method.assign(method.data(), method.size());
        head.is_http11 = version == 11;
        if (!take_target({target.data(), target.size()}, head)) refuse(bad_target, ec);
    }

    void on_field_impl(field name,
                       beast::string_view name_text,
                       beast::string_view value,
                       beast::error_code& ec) override
    {
        if (head.headers.size() >= headers_max) return refuse({431, "too many headers"}, ec);
        const std::string_view text{value.data(), value.size()};
        switch (name) {
        case field::content_length: take_length(text, ec); break;
        case field::transfer_encoding: take_coding(text, ec); break;
        case field::connection:
            head.wants_close = head.wants_close || list_contains(text, "close");
            break;
        case field::expect:
            if (!equal_ignoring_case(text, "100-continue")) {
                return refuse({417, "the only expectation that can be met is 100-continue"}, ec);
            }
            head.expects_continue = head.is_http11;
            break;
        default: break;
        }
        head.headers.emplace_back(std::piecewise_construct,
                                  std::forward_as_tuple(name_text.data(), name_text.size()),
                                  std::forward_as_tuple(text));
    }

    void take_length(std::string_view text, beast::error_code& ec)
    {
        std::uint64_t value = 0;
        const auto* end = text.data() + text.size();
        const auto [stopped, wrong] = std::from_chars(text.data(), end, value);
        if (has_length || has_coding || wrong != std::errc{} || stopped != end) {
            return refuse({400, "the content length is not one number"}, ec);
        }
        has_length = true;
        head.content_length = value;
    }

    void take_coding(std::string_view text, beast::error_code& ec)
    {
        if (has_coding || has_length || !head.is_http11 || !equal_ignoring_case(text, "chunked")) {
            return refuse({400, "the only transfer coding accepted is chunked, once"}, ec);
        }
        has_coding = true;
        head.is_chunked = true;
    }

    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
    std::size_t on_body_impl(beast::string_view text, beast::error_code&) override
    {
        return text.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t,
                                   beast::string_view text,
                                   beast::error_code&) override
    {
        return text.size();
    }
    void on_finish_impl(beast::error_code&) override {}
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
};

}  // namespace

std::string_view path_in(std::string_view head)
{
    auto line = head.substr(0, head.find('\r'));
    line.remove_prefix(std::min(line.find(' '), line.size()));
    if (line.empty()) return {};
    line.remove_prefix(1);
    const auto path = line.substr(0, line.find_first_of(" ?"));
    return path.starts_with('/') ? path : std::string_view{};
}

std::expected<MessageHead, Refusal> parse_head(std::string_view bytes)
{
    HeadParser parser;
    // The caller's own bounds stand: on the head's size before this, on the body's after it.
    parser.header_limit(UINT32_MAX);
    parser.body_limit(boost::none);
    beast::error_code ec;
    parser.put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
    if (parser.refusal) return std::unexpected{*parser.refusal};
    if (ec || !parser.is_header_done()) {
        return std::unexpected{Refusal{400, "the request head is not valid HTTP/1.1"}};
    }
    return std::move(parser.head);
}

}  // namespace tailops::http
