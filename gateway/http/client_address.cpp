#include "gateway/http/client_address.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/header_text.hpp"

namespace tailops::http {

std::string client_address(std::string_view peer,
                           const Headers& headers,
                           const net::TrustedProxies& proxies)
{
    std::string client{peer};
    if (proxies.empty()) return client;
    if (!proxies.contains(peer)) return client;
    const auto forwarded = find_header(headers, "x-forwarded-for");
    if (forwarded.count != 1) return client;
    auto rest = forwarded.first;
    for (;;) {
        const auto comma = rest.rfind(',');
        const auto last = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
        const auto named = net::IpAddress::parse(trim(last));
        if (!named) return std::string{peer};
        client = named->text();
        if (comma == std::string_view::npos || !proxies.contains(client)) return client;
        rest = rest.substr(0, comma);
    }
}

}  // namespace tailops::http
