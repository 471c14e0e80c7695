#include "gateway/doors/mcp/cors.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/header_text.hpp"

#include <algorithm>

namespace tailops::mcp {
namespace {

constexpr std::string_view allowed_headers =
    "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, "
    "mcp-session-id, last-event-id";
constexpr std::size_t parameter_headers_max = 64;

bool is_parameter_header(std::string_view name)
{
    return http::has_prefix_ignoring_case(name, "mcp-param-") &&
           std::ranges::all_of(name, http::is_token_character);
}

}  // namespace

http::Reply preflight_reply(std::string_view origin, std::string_view requested)
{
    http::Reply reply{
        .status = 204, .headers = {{"Allow", "GET, POST, DELETE, OPTIONS"}}, .body = {}};
    if (origin.empty()) return reply;
    std::string headers{allowed_headers};
    std::size_t count = 0;
    for (const auto part : split(requested, ',')) {
        const auto name = trim(part);
        if (!is_parameter_header(name) || ++count > parameter_headers_max) continue;
        headers += ", ";
        headers += lower_ascii(name);
    }
    reply.headers.emplace_back("Access-Control-Allow-Origin", origin);
    reply.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
    reply.headers.emplace_back("Access-Control-Allow-Headers", std::move(headers));
    reply.headers.emplace_back("Access-Control-Max-Age", "600");
    reply.headers.emplace_back("Vary", "Origin, Access-Control-Request-Headers");
    return reply;
}

void add_cors_headers(http::Headers& headers, std::string_view origin)
{
    if (origin.empty()) return;
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    headers.emplace_back("Access-Control-Expose-Headers",
                         "mcp-session-id, www-authenticate, mcp-protocol-version");
    headers.emplace_back("Vary", "Origin");
}

Task<Status> CorsExchange::reply(http::Reply reply)
{
    add_cors_headers(reply.headers, origin_);
    co_return co_await inner_.reply(std::move(reply));
}

Task<Status> CorsExchange::begin_body(int status,
                                      http::Headers headers,
                                      std::optional<std::uint64_t> length)
{
    add_cors_headers(headers, origin_);
    co_return co_await inner_.begin_body(status, std::move(headers), length);
}

Task<Status> CorsExchange::write(std::string_view piece)
{
    co_return co_await inner_.write(piece);
}

Task<Status> CorsExchange::begin_events(http::Headers extra)
{
    add_cors_headers(extra, origin_);
    co_return co_await inner_.begin_events(std::move(extra));
}

Task<Status> CorsExchange::event(std::string_view id, std::string_view data)
{
    return inner_.event(id, data);
}

Task<Status> CorsExchange::prime(std::string_view id, std::chrono::milliseconds retry)
{
    return inner_.prime(id, retry);
}

Task<Status> CorsExchange::keep_alive()
{
    return inner_.keep_alive();
}

}  // namespace tailops::mcp
