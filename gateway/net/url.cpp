#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/http_client.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace tailops::net {

namespace {

bool is_alphanumeric(char c) noexcept
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void append_percent(std::string& text, char c)
{
    constexpr std::string_view digits{"0123456789ABCDEF"};
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += digits[byte >> 4];
    text += digits[byte & 0x0f];
}

std::uint16_t default_port(std::string_view scheme) noexcept
{
    return scheme == "https" ? 443 : 80;
}

Error bad_url(std::string_view text, std::string_view why)
{
    return Error{Errc::invalid_argument,
                 quote(text) + " is not a URL we take: " + std::string{why}};
}

bool is_ipv6(const std::string& host) noexcept
{
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) noexcept
{
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           std::ranges::all_of(
               host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

/// Reads host and port out of `authority` into `url`; the answer is what is wrong, or empty.
std::string_view read_authority(std::string_view authority, Url& url)
{
    if (authority.find('@') != std::string_view::npos) return "it has user information";
    std::string_view port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return "the bracket of its address is not closed";
        url.host = lower_ascii(authority.substr(1, end - 1));
        if (!is_ipv6(url.host)) return "its address is not IPv6";
        const auto rest = authority.substr(end + 1);
        has_port = rest.starts_with(':');
        if (!rest.empty() && !has_port) return "its port is not a port";
        if (has_port) port = rest.substr(1);
    } else {
        const auto colon = authority.find(':');
        has_port = colon != std::string_view::npos;
        url.host = lower_ascii(authority.substr(0, colon));
        if (!is_host_name(url.host)) return "its host is not a host";
        if (has_port) port = authority.substr(colon + 1);
    }
    if (!has_port) return {};
    const bool is_digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
    const auto number = parse_int(port, 1, 65535);
    if (!is_digits || !number) return "its port is not a port";
    url.port = static_cast<std::uint16_t>(*number);
    return {};
}

}  // namespace

bool Url::is_loopback() const
{
    if (host == "localhost") return true;
    in_addr v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string Url::origin() const
{
    const bool is_v6 = host.find(':') != std::string::npos;
    auto text = scheme + "://" + (is_v6 ? "[" + host + "]" : host);
    if (port != default_port(scheme)) text += ":" + std::to_string(port);
    return text;
}

Result<Url> parse_url(std::string_view text)
{
    const auto mark = text.find("://");
    if (mark == std::string_view::npos) return fail(bad_url(text, "it has no scheme"));
    Url url;
    url.scheme = lower_ascii(text.substr(0, mark));
    if (url.scheme != "http" && url.scheme != "https") {
        return fail(bad_url(text, "its scheme is neither http nor https"));
    }
    url.port = default_port(url.scheme);
    const auto rest = text.substr(mark + 3);
    const bool is_visible = std::ranges::all_of(rest, [](char c) {
        return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
    });
    if (!is_visible) return fail(bad_url(text, "it has characters that must be percent-encoded"));
    if (rest.find('#') != std::string_view::npos) return fail(bad_url(text, "it has a fragment"));
    const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
    if (const auto wrong = read_authority(rest.substr(0, authority_end), url); !wrong.empty()) {
        return fail(bad_url(text, wrong));
    }
    url.path = rest.substr(authority_end);
    if (!url.path.starts_with('/')) url.path.insert(0, 1, '/');
    return url;
}

std::string percent_encoded(std::string_view text)
{
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
        } else {
            append_percent(encoded, c);
        }
    }
    return encoded;
}

std::string form_encoded(const HeaderList& fields)
{
    const auto append = [](std::string& to, std::string_view text) {
        for (const char c : text) {
            if (is_alphanumeric(c) || c == '*' || c == '-' || c == '.' || c == '_') {
                to += c;
            } else if (c == ' ') {
                to += '+';
            } else {
                append_percent(to, c);
            }
        }
    };
    std::string encoded;
    for (const auto& [name, value] : fields) {
        if (!encoded.empty()) encoded += '&';
        append(encoded, name);
        encoded += '=';
        append(encoded, value);
    }
    return encoded;
}

}  // namespace tailops::net
