#pragma once

#include "gateway/doors/mcp/wire/inbound.hpp"

#include <string>
#include <string_view>

namespace tailops::mcp {

/// The answer to a browser's preflight for the MCP endpoint (WHATWG Fetch section 3.2). `origin`
/// has passed the SitePolicy; empty means that no browser asks. `requested` is the value of
/// Access-Control-Request-Headers: its mcp-param-* names are allowed one by one.
http::Reply preflight_reply(std::string_view origin, std::string_view requested);

/// Adds to `headers` what lets a page of `origin` read the answer. Nothing when it is empty.
void add_cors_headers(http::Headers& headers, std::string_view origin);

/// An exchange whose answers a page of `origin` may read.
class CorsExchange final : public http::Exchange {
public:
    CorsExchange(http::Exchange& inner, std::string origin)
        : inner_{inner},
          origin_{std::move(origin)}
    {
    }
    Task<Status> reply(http::Reply reply) override;
    Task<Status> begin_body(int status,
                            http::Headers headers,
                            std::optional<std::uint64_t> length) override;
    Task<Status> write(std::string_view piece) override;
    Task<Status> begin_events(http::Headers extra) override;
    Task<Status> event(std::string_view id, std::string_view data) override;
    Task<Status> prime(std::string_view id, std::chrono::milliseconds retry) override;
    Task<Status> keep_alive() override;

private:
    http::Exchange& inner_;
    std::string origin_;
};

}  // namespace tailops::mcp
