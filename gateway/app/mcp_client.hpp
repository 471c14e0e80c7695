#pragma once

#include "gateway/core/secret.hpp"
#include "gateway/net/http_client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>

namespace tailops::app {

/// A client of a running gateway that speaks MCP 2026-07-28 over HTTP: what `tailops call` uses.
class McpClient {
public:
    /// `url` is the endpoint, e.g. http://127.0.0.1:8080/mcp. Errors: invalid_argument.
    static Result<McpClient> create(const std::string& url, Secret token);

    /// One request; returns its `result`. Errors: unreachable, deadline_exceeded, unauthenticated
    /// (HTTP 401), insufficient_scope (403), invalid_argument (a JSON-RPC error: its message).
    Task<Result<nlohmann::json>> request(std::string method,
                                         nlohmann::json params,
                                         Deadline deadline);

private:
    McpClient(std::shared_ptr<net::HttpClient> http, std::string path, Secret token);

    std::shared_ptr<net::HttpClient> http_;
    std::string path_;
    Secret token_;
    std::int64_t next_id_{1};
};

}  // namespace tailops::app
