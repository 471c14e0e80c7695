#include "auth/claims.hpp"

#include "auth/audience.hpp"
#include "auth/scopes.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace tailops::auth {
namespace {

using nlohmann::json;

// Far beyond any delegation or group list that people keep by hand.
constexpr std::size_t actors_max = 16;
constexpr std::size_t groups_max = 1024;
constexpr std::size_t name_bytes_max = 512;

std::unexpected<Error> refuse(std::string why)
{
    return fail(Errc::unauthenticated, std::move(why));
}

/// A NumericDate (RFC 7519 section 2). Absent is empty; anything but a plausible number is an
/// error.
Result<std::optional<TimePoint>> date(const json& answer, std::string_view name)
{
    const auto* member = find_member(answer, name);
    if (!member || member->is_null()) return std::optional<TimePoint>{};
    // Up to the year 2200, which std::chrono's nanoseconds still hold.
    constexpr double latest = 7'258'118'400.0;
    const auto seconds = member->is_number() ? member->get<double>() : -1.0;
    if (!(seconds >= 0 && std::isfinite(seconds))) {
        return refuse("the token's " + quote(name) + " is no time");
    }
    const std::chrono::seconds whole{static_cast<std::int64_t>(std::min(seconds, latest))};
    return std::optional{TimePoint{whole}};
}

/// The strings of a member that is a string or a list of strings.
std::vector<std::string_view> strings(const json& answer, std::string_view name)
{
    std::vector<std::string_view> found;
    const auto* member = find_member(answer, name);
    if (!member) return found;
    if (member->is_string()) found.emplace_back(member->get_ref<const std::string&>());
    if (!member->is_array()) return found;
    for (const auto& item : *member) {
        if (item.is_string()) found.emplace_back(item.get_ref<const std::string&>());
    }
    return found;
}

bool names_us(const json& answer, const std::vector<std::string>& audience)
{
    for (const auto* member : {"aud", "resource"}) {
        for (const auto named : strings(answer, member)) {
            if (std::ranges::any_of(audience,
                                    [&](const auto& ours) { return same_resource(ours, named); })) {
                return true;
            }
        }
    }
    return false;
}

Result<TimePoint> check_times(const json& answer, std::chrono::seconds skew, TimePoint now)
{
    TAILOPS_TRY(const auto expires, date(answer, "exp"));
    TAILOPS_TRY(const auto not_before, date(answer, "nbf"));
    TAILOPS_TRY(const auto issued, date(answer, "iat"));
    if (!expires) return refuse("the token has no expiry");
    if (now >= *expires) return refuse("the token has expired");
    if (not_before && *not_before > now + skew) return refuse("the token is not valid yet");
    if (issued && *issued > now + skew) return refuse("the token was issued in the future");
    return *expires;
}

/// One name per person: TSIDP calls the same one `2` in an introspection answer and `userid:2` in
/// an `act`, in an id_token and at its userinfo endpoint (tailscale/tsidp, server/token.go).
std::string_view plain_subject(std::string_view subject)
{
    constexpr std::string_view prefix = "userid:";
    if (!subject.starts_with(prefix)) return subject;
    const auto number = subject.substr(prefix.size());
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !number.empty() && std::ranges::all_of(number, is_digit) ? number : subject;
}

/// The chain of those who act for the subject (RFC 8693 section 4.1), nearest first.
Result<std::vector<std::string>> actors(const json& answer)
{
    std::vector<std::string> chain;
    for (const auto* act = find_member(answer, "act"); act && act->is_object();
         act = find_member(*act, "act")) {
        if (chain.size() == actors_max) return refuse("the token's chain of actors is too long");
        const auto subject = plain_subject(text_member(*act, "sub"));
        const auto client = text_member(*act, "client_id");
        if (subject.empty() && client.empty()) {
            return refuse("the token names an actor without saying who it is");
        }
        if (std::max(subject.size(), client.size()) > name_bytes_max) {
            return refuse("the token's actor has an overlong name");
        }
        chain.push_back(subject.empty() ? "client:" + std::string{client} : std::string{subject});
    }
    return chain;
}

Result<Identity> who(const json& answer, const ClaimRules& rules)
{
    Identity identity;
    identity.issuer = rules.issuer;
    identity.client_id = text_member(answer, "client_id");
    const auto subject = plain_subject(text_member(answer, "sub"));
    if (subject.empty() && identity.client_id.empty()) {
        return refuse("the token names neither a subject nor a client");
    }
    identity.subject =
        SubjectId{subject.empty() ? "client:" + identity.client_id : std::string{subject}};
    const auto name = text_member(answer, "username");
    if (!name.empty()) {
        identity.name = name;
    } else {
        identity.name = subject.empty() ? identity.client_id : std::string{subject};
    }
    if (std::max({identity.subject.view().size(), identity.name.size(),
                  identity.client_id.size()}) > name_bytes_max) {
        return refuse("the token's subject has an overlong name");
    }
    for (const auto* member : {"groups", "tags"}) {
        for (const auto group : strings(answer, member)) {
            identity.groups.emplace(group);
        }
    }
    // Leaving some out could leave out the one that a deny rule names.
    if (identity.groups.size() > groups_max) return refuse("the token names too many groups");
    TAILOPS_TRY(identity.actors, actors(answer));
    return identity;
}

}  // namespace

Result<Identity> identity_of(const json& answer, const ClaimRules& rules, TimePoint now)
{
    const auto active = field<bool>(answer, "active");
    if (!active) {
        return fail(
            Error{Errc::unreachable, "the authorization server gave a strange answer"}.because(
                active.error()));
    }
    if (!*active) return refuse("the token is not active");
    TAILOPS_TRY(const auto expires, check_times(answer, rules.clock_skew, now));
    if (find_member(answer, "iss") && text_member(answer, "iss") != rules.issuer) {
        return refuse("the token is of another issuer");
    }
    if (!names_us(answer, rules.audience)) {
        return refuse("the token was not issued for this gateway");
    }
    if (find_member(answer, "token_type") &&
        lower_ascii(text_member(answer, "token_type")) != "bearer") {
        return refuse("the token is not a bearer token");
    }
    TAILOPS_TRY(auto identity, who(answer, rules));
    identity.expires = expires;
    identity.method = Method::oidc;
    if (rules.scopes == ScopeSource::from_token) {
        identity.scopes = split_scopes(text_member(answer, "scope"));
    }
    return identity;
}

}  // namespace tailops::auth
