#include "gateway/app/mcp_client.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"

#include <nlohmann/json.hpp>

namespace tailops::app {
namespace {

using nlohmann::json;

constexpr auto protocol_version = "2026-07-28";

json envelope()
{
    return {{"io.modelcontextprotocol/protocolVersion", protocol_version},
            {"io.modelcontextprotocol/clientInfo",
             {{"name", "tailops-call"}, {"version", TAILOPS_VERSION}}},
            {"io.modelcontextprotocol/clientCapabilities", json::object()}};
}

net::HeaderList headers_for(const std::string& method)
{
    return {{"Content-Type", "application/json"},
            {"Accept", "application/json, text/event-stream"},
            {"MCP-Protocol-Version", protocol_version},
            {"Mcp-Method", method}};
}

std::string message(std::int64_t id, const std::string& method, json params)
{
    return dump_json(
        {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
}

/// The last `data:` line of an event stream: the answer ends it.
std::string_view last_event(std::string_view stream)
{
    const auto at = stream.rfind("\ndata: ");
    const auto begin = at == std::string_view::npos ? stream.find("data: ") : at + 1;
    if (begin == std::string_view::npos) return {};
    const auto line = stream.substr(begin + 6);
    return line.substr(0, line.find('\n'));
}

/// What came from `path` and is no answer of the protocol, in words.
std::unexpected<Error> not_mcp(const net::HttpResponse& response,
                               const std::string& path,
                               const Result<json>& message)
{
    auto text = "no MCP endpoint answers at " + quote(path) + " (HTTP " +
                std::to_string(response.status) + ')';
    if (message) {
        const auto said = text_member(*message, "error");
        if (!said.empty()) text += ": " + escaped_line(said);
    }
    if (!path.ends_with("/mcp")) text += "; write its path too, as in http://HOST:PORT/mcp";
    return fail(Errc::unreachable, std::move(text));
}

Result<json> read_answer(const net::HttpResponse& response, const std::string& path)
{
    if (response.status == 401) {
        return fail(Errc::unauthenticated, "the gateway refused the token: " +
                                               std::string{response.header("www-authenticate")});
    }
    if (response.status == 403 && !response.header("www-authenticate").empty()) {
        return fail(Errc::insufficient_scope, std::string{response.header("www-authenticate")});
    }
    const bool is_stream = response.header("content-type").starts_with("text/event-stream");
    auto message = parse_json(is_stream ? last_event(response.body) : response.body);
    if (!message || text_member(*message, "jsonrpc") != "2.0") {
        return not_mcp(response, path, message);
    }
    if (const auto* error = find_member(*message, "error")) {
        return fail(Errc::invalid_argument, std::string{text_member(*error, "message")});
    }
    return field<json>(*message, "result");
}

}  // namespace

McpClient::McpClient(std::shared_ptr<net::HttpClient> http, std::string path, Secret token)
    : http_{std::move(http)},
      path_{std::move(path)},
      token_{std::move(token)}
{
}

Result<McpClient> McpClient::create(const std::string& url, Secret token)
{
    if (url.starts_with("unix:/")) {
        TAILOPS_TRY(
            auto local,
            net::HttpClient::create(
                {.host = "localhost", .port = 0, .socket_path = url.substr(5), .tls = false}));
        return McpClient{std::move(local), "/mcp", std::move(token)};
    }
    TAILOPS_TRY(auto where, net::parse_url(url));
    TAILOPS_TRY(auto http, net::HttpClient::create({.host = where.host,
                                                    .port = where.port,
                                                    .socket_path = {},
                                                    .tls = where.scheme == "https"}));
    return McpClient{std::move(http), std::move(where.path), std::move(token)};
}

Task<Result<json>> McpClient::request(std::string method, json params, Deadline deadline)
{
    params["_meta"] = envelope();
    net::HttpRequest request;
    request.method = "POST";
    request.target = path_;
    request.repeatable = false;
    request.body_limit_bytes = std::size_t{64} * 1024 * 1024;
    request.headers = headers_for(method);
    if (const auto name = text_member(params, "name"); !name.empty()) {
        request.headers.emplace_back("Mcp-Name", std::string{name});
    }
    // The one argument of our tools that is repeated in a header (x-mcp-header).
    const auto* arguments = find_member(params, "arguments");
    const auto target = arguments ? text_member(*arguments, "target") : std::string_view{};
    if (!target.empty()) {
        request.headers.emplace_back("Mcp-Param-Target", mcp::encode_header_value(target));
    }
    if (!token_.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + std::string{token_.reveal()});
    }
    request.body = message(next_id_++, method, std::move(params));
    TAILOPS_CO_TRY(const auto response, co_await http_->send(std::move(request), deadline));
    co_return read_answer(response, path_);
}

}  // namespace tailops::app
