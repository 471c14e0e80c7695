#include "gateway/config/site_names.hpp"

#include "gateway/core/text.hpp"
#include "gateway/net/address_range.hpp"

#include <algorithm>

namespace tailops::config {
namespace {

bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_v6(std::string_view text)
{
    return text.find(':') != std::string_view::npos && net::IpAddress::parse(text);
}

/// Whether a client may send it: names are ASCII there (RFC 3986 section 3.2.2).
bool is_host(std::string_view host)
{
    if (host.starts_with('[') && host.ends_with(']')) return is_v6(host.substr(1, host.size() - 2));
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           std::ranges::all_of(host, [](char c) {
               return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
           });
}

struct Parts {
    std::string_view scheme;  // empty: there is none
    std::string_view host;
    std::string_view port;  // with its colon
    std::string_view rest;  // from the first slash on
};

Parts parts_of(std::string_view text)
{
    Parts out;
    if (const auto mark = text.find("://"); mark != std::string_view::npos) {
        out.scheme = text.substr(0, mark);
        text.remove_prefix(mark + 3);
    }
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    out.rest = text.substr(end);
    text = text.substr(0, end);
    const auto bracket = text.starts_with('[') ? text.find(']') : 0;
    const auto colon = bracket == std::string_view::npos ? bracket : text.find(':', bracket);
    out.host = text.substr(0, colon);
    if (colon != std::string_view::npos) out.port = text.substr(colon);
    return out;
}

bool is_port(std::string_view text)
{
    return text.empty() || (text.find_first_not_of("0123456789", 1) == std::string_view::npos &&
                            parse_int(text.substr(1), 1, 65535));
}

bool is_scheme(std::string_view text)
{
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
           std::ranges::all_of(text, [](char c) {
               return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
           });
}

}  // namespace

std::string allowed_host_fault(std::string_view host)
{
    if (host.find('*') != std::string_view::npos) {
        return quote(host) + ": there are no wildcards here; write each name that clients use";
    }
    const auto fixed =
        is_v6(host) ? '[' + std::string{host} + ']' : std::string{parts_of(host).host};
    if (!is_host(fixed)) {
        return quote(host) +
               " is no host as clients send it; write a name such as gateway.lan, in ASCII and "
               "without port, or an address";
    }
    if (fixed == host) return {};
    return quote(host) + " would match no request; write the host alone, " + quote(fixed);
}

std::string allowed_origin_fault(std::string_view origin)
{
    if (origin == "null") {
        return "\"null\" is what every page without an origin sends, an attacker's too; name the "
               "origins that you trust, e.g. https://console.lan";
    }
    if (origin.find('*') != std::string_view::npos) {
        return quote(origin) +
               ": there are no wildcards here; write each origin, e.g. "
               "https://console.lan";
    }
    const auto parts = parts_of(origin);
    const auto site = std::string{parts.host} + std::string{parts.port};
    const bool is_fine = is_host(parts.host) && is_port(parts.port);
    if (is_fine && parts.scheme.empty()) {
        return quote(origin) + " has no scheme and would match no request; write " +
               quote("https://" + site) + " or " + quote("http://" + site);
    }
    if (!is_fine || !is_scheme(parts.scheme)) {
        return quote(origin) +
               " is no origin; write scheme://host or scheme://host:port, e.g. "
               "https://console.lan";
    }
    if (parts.rest.empty()) return {};
    return quote(origin) + " would match no request, since an origin has no path; write " +
           quote(std::string{parts.scheme} + "://" + site);
}

}  // namespace tailops::config
