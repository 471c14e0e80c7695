#pragma once

#include "gateway/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::http {

/// Which sites may speak to us: the defence against DNS rebinding and against web pages that post
/// to a loopback port. Host must be a loopback name or one of `hosts`; Origin, when a browser sends
/// one, a loopback origin or one of `origins`. Pure.
class SitePolicy {
public:
    /// `hosts` without port; `origins` as scheme://host[:port].
    SitePolicy(std::vector<std::string> hosts, std::vector<std::string> origins);

    /// Refusals: 400 (Host missing, repeated or malformed), 403 (Host or Origin not allowed).
    std::optional<Refusal> check(const MessageHead& head) const;

private:
    std::optional<Refusal> check_authority(std::string_view authority) const;
    bool is_known_host(std::string_view host) const;
    bool is_known_origin(std::string_view origin) const;

    std::vector<std::string> hosts_;
    std::vector<std::string> origins_;
};

}  // namespace tailops::http
