#include "gateway/http/site_policy.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/header_text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tailops::http {
namespace {

constexpr std::size_t host_bytes_max = 253 + 2 + 6;  // a DNS name, brackets, a port

bool is_port(std::string_view text)
{
    return text.size() <= 5 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The host of `authority` (RFC 3986 section 3.2 without user information), brackets kept.
std::optional<std::string_view> host_of(std::string_view authority)
{
    if (authority.empty() || authority.size() > host_bytes_max) return std::nullopt;
    std::size_t end = 0;
    if (authority.front() == '[') {
        end = authority.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        ++end;
    } else {
        end = std::min(authority.find(':'), authority.size());
    }
    const auto host = authority.substr(0, end);
    const auto rest = authority.substr(end);
    if (host.empty() || (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))) {
        return std::nullopt;
    }
    const bool plain = std::ranges::all_of(host, [](char c) {
        const bool alnum =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return alnum || std::string_view{"-._[]:"}.find(c) != std::string_view::npos;
    });
    if (!plain) return std::nullopt;
    return host;
}

bool is_loopback(std::string_view host)
{
    if (equal_ignoring_case(host, "localhost") || host == "[::1]") return true;
    std::array<char, INET_ADDRSTRLEN> text{};
    if (host.size() >= text.size()) return false;
    std::ranges::copy(host, text.begin());
    in_addr address{};
    return inet_pton(AF_INET, text.data(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

/// An origin in the one form we compare: lower case, without its scheme's default port.
std::string canonical_origin(std::string_view origin)
{
    auto text = lower_ascii(origin);
    if (text.starts_with("https://") && text.ends_with(":443")) text.resize(text.size() - 4);
    if (text.starts_with("http://") && text.ends_with(":80")) text.resize(text.size() - 3);
    return text;
}

}  // namespace

SitePolicy::SitePolicy(std::vector<std::string> hosts, std::vector<std::string> origins)
    : hosts_{std::move(hosts)}
{
    for (const auto& origin : origins) origins_.push_back(canonical_origin(origin));
}

bool SitePolicy::is_known_host(std::string_view host) const
{
    return is_loopback(host) || std::ranges::any_of(hosts_, [host](const std::string& known) {
               return equal_ignoring_case(known, host);
           });
}

bool SitePolicy::is_known_origin(std::string_view origin) const
{
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!has_prefix_ignoring_case(origin, scheme)) continue;
        const auto host = host_of(origin.substr(scheme.size()));
        if (!host) return false;
        if (is_loopback(*host)) return true;
    }
    return std::ranges::find(origins_, canonical_origin(origin)) != origins_.end();
}

std::optional<Refusal> SitePolicy::check_authority(std::string_view authority) const
{
    const auto host = host_of(authority);
    if (!host) return Refusal{400, "the Host header is not a host"};
    if (!is_known_host(*host)) return Refusal{403, "this host name is not served here"};
    return std::nullopt;
}

std::optional<Refusal> SitePolicy::check(const MessageHead& head) const
{
    const auto sent = find_header(head.headers, "host");
    if (sent.count > 1) return Refusal{400, "the Host header is repeated"};
    if (sent.count == 0 && head.is_http11) return Refusal{400, "the Host header is missing"};
    // RFC 9112 section 3.2.2 prefers the target's authority to Host; we want both to be ours.
    if (sent.count == 1) {
        if (auto refusal = check_authority(sent.first)) return refusal;
    }
    if (!head.authority.empty()) {
        if (auto refusal = check_authority(head.authority)) return refusal;
    }
    const auto origin = find_header(head.headers, "origin");
    if (origin.count == 0) return std::nullopt;
    if (origin.count > 1 || !is_known_origin(origin.first)) {
        return Refusal{403, "this origin is not allowed"};
    }
    return std::nullopt;
}

}  // namespace tailops::http
