#include "gateway/net/request_writer.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <array>

namespace tailops::net {

namespace {

constexpr std::string_view token_marks{"!#$%&'*+-.^_`|~"};

/// Headers that frame the message or choose its server: a caller's would contradict ours.
constexpr std::array<std::string_view, 5> our_headers{"host", "content-length", "connection",
                                                      "transfer-encoding", "upgrade"};

std::string host_header(const HttpEndpoint& endpoint)
{
    if (!endpoint.socket_path.empty()) return endpoint.host.empty() ? "localhost" : endpoint.host;
    const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
    auto host = is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
    const std::uint16_t usual = endpoint.tls ? 443 : 80;
    if (endpoint.port != usual) host += ":" + std::to_string(endpoint.port);
    return host;
}

bool is_target(std::string_view text) noexcept
{
    return text.starts_with('/') && std::ranges::all_of(text, [](char c) {
               return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
           });
}

/// Whether a request of this method has a body even when it is empty (RFC 9110 section 8.6).
bool expects_body(std::string_view method) noexcept
{
    return method == "POST" || method == "PUT" || method == "PATCH";
}

Status check(const HttpRequest& request)
{
    if (!is_token(request.method)) {
        return fail(Errc::invalid_argument, quote(request.method) + " is not an HTTP method");
    }
    if (!is_target(request.target)) {
        return fail(Errc::invalid_argument, quote(request.target) + " is not a path to ask for");
    }
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name)) {
            return fail(Errc::invalid_argument, quote(name) + " is not a header name");
        }
        if (std::ranges::find(our_headers, lower_ascii(name)) != our_headers.end()) {
            return fail(Errc::invalid_argument, "the header " + quote(name) + " cannot be set");
        }
        // The value may be a credential: it is not quoted.
        if (!is_header_value(value)) {
            return fail(Errc::invalid_argument,
                        "the value of the header " + quote(name) + " has control characters");
        }
    }
    return {};
}

}  // namespace

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               token_marks.find(c) != std::string_view::npos;
    });
}

bool is_header_value(std::string_view text) noexcept
{
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

Result<std::string> write_request(const HttpEndpoint& endpoint, const HttpRequest& request)
{
    if (auto checked = check(request); !checked) return fail(std::move(checked).error());
    std::string text;
    text.reserve(256 + request.target.size() + request.body.size());
    text.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
    text.append(host_header(endpoint)).append("\r\n");
    bool names_agent = false;
    for (const auto& [name, value] : request.headers) {
        text.append(name).append(": ").append(value).append("\r\n");
        names_agent = names_agent || lower_ascii(name) == "user-agent";
    }
    if (!names_agent) text.append("User-Agent: tailops-gateway/" TAILOPS_VERSION "\r\n");
    if (!request.body.empty() || expects_body(request.method)) {
        text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    }
    text.append("\r\n").append(request.body);
    return text;
}

}  // namespace tailops::net
