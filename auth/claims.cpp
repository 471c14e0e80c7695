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

/// Refuses a member that says something and does not say it as its RFC has it. To read it as absent
/// would give the caller another name, or take away one that a rule denies. `null` is such a value:
/// no RFC gives it a meaning here.
std::unexpected<Error> refuse_shape(std::string_view name, std::string_view should_be)
{
    return refuse("the token's " + quote(name) + " is not " + std::string{should_be});
}

/// A NumericDate (RFC 7519 section 2). Absent is empty; anything but a plausible number is an
/// error.
Result<std::optional<TimePoint>> date(const json& answer, std::string_view name)
{
    const auto* member = find_member(answer, name);
    if (!member) return std::optional<TimePoint>{};
    // Up to the year 2200, which std::chrono's nanoseconds still hold.
    constexpr double latest = 7'258'118'400.0;
    const auto seconds = member->is_number() ? member->get<double>() : -1.0;
    if (!(seconds >= 0 && std::isfinite(seconds))) {
        return refuse("the token's " + quote(name) + " is no time");
    }
    const std::chrono::seconds whole{static_cast<std::int64_t>(std::min(seconds, latest))};
    return std::optional{TimePoint{whole}};
}

/// A member that names somebody. Absent is empty; anything but text that says something is an
/// error.
Result<std::string_view> name_in(const json& object, std::string_view name)
{
    const auto* member = find_member(object, name);
    if (!member) return std::string_view{};
    if (!member->is_string()) return refuse_shape(name, "text");
    const std::string_view text = member->get_ref<const std::string&>();
    if (text.empty()) return refuse("the token's " + quote(name) + " is empty");
    if (text.size() > name_bytes_max) return refuse("the token's " + quote(name) + " is overlong");
    return text;
}

/// The strings of a member that is a string or a list of strings. Absent is empty; any other shape
/// is an error.
Result<std::vector<std::string_view>> strings(const json& answer, std::string_view name)
{
    std::vector<std::string_view> found;
    const auto* member = find_member(answer, name);
    if (!member) return found;
    const auto take = [&](const json& item) {
        if (!item.is_string() || item.get_ref<const std::string&>().empty()) return false;
        found.emplace_back(item.get_ref<const std::string&>());
        return true;
    };
    const bool is_sound = member->is_array() ? std::ranges::all_of(*member, take) : take(*member);
    if (!is_sound) return refuse_shape(name, "a name or a list of names");
    return found;
}

Result<bool> names_us(const json& answer, const std::vector<std::string>& audience)
{
    bool found = false;
    for (const auto* member : {"aud", "resource"}) {
        TAILOPS_TRY(const auto named, strings(answer, member));
        for (const auto name : named) {
            found = found || std::ranges::any_of(audience, [&](const auto& ours) {
                        return same_resource(ours, name);
                    });
        }
    }
    return found;
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

/// A client without a subject of its own stands among the subjects under this name; nobody else
/// may.
constexpr std::string_view client_prefix = "client:";

Result<std::string> subject_or_client(std::string_view subject, std::string_view client)
{
    if (subject.starts_with(client_prefix)) {
        return refuse("the token's \"sub\" begins with \"client:\", which stands for clients here");
    }
    if (!subject.empty()) return std::string{subject};
    return std::string{client_prefix} + std::string{client};
}

/// The chain of those who act for the subject (RFC 8693 section 4.1), nearest first.
Result<std::vector<std::string>> actors(const json& answer)
{
    std::vector<std::string> chain;
    for (const auto* act = find_member(answer, "act"); act; act = find_member(*act, "act")) {
        if (!act->is_object()) return refuse_shape("act", "an object");
        if (chain.size() == actors_max) return refuse("the token's chain of actors is too long");
        TAILOPS_TRY(const auto named, name_in(*act, "sub"));
        TAILOPS_TRY(const auto client, name_in(*act, "client_id"));
        const auto subject = plain_subject(named);
        if (subject.empty() && client.empty()) {
            return refuse("the token names an actor without saying who it is");
        }
        TAILOPS_TRY(auto actor, subject_or_client(subject, client));
        chain.push_back(std::move(actor));
    }
    return chain;
}

Result<Identity> who(const json& answer, const ClaimRules& rules)
{
    Identity identity;
    identity.issuer = rules.issuer;
    TAILOPS_TRY(identity.client_id, name_in(answer, "client_id"));
    TAILOPS_TRY(const auto named, name_in(answer, "sub"));
    const auto subject = plain_subject(named);
    if (subject.empty() && identity.client_id.empty()) {
        return refuse("the token names neither a subject nor a client");
    }
    TAILOPS_TRY(auto key, subject_or_client(subject, identity.client_id));
    identity.subject = SubjectId{std::move(key)};
    TAILOPS_TRY(identity.name, name_in(answer, "username"));
    if (identity.name.empty()) {
        identity.name = subject.empty() ? identity.client_id : std::string{subject};
    }
    for (const auto* member : {"groups", "tags"}) {
        TAILOPS_TRY(const auto groups, strings(answer, member));
        identity.groups.insert(groups.begin(), groups.end());
    }
    // Leaving some out could leave out the one that a deny rule names.
    if (identity.groups.size() > groups_max) return refuse("the token names too many groups");
    TAILOPS_TRY(identity.actors, actors(answer));
    return identity;
}

/// The scopes of a token whose rights they are: one text of words (RFC 7662 section 2.2). Absent
/// or without a word, it has none.
Result<std::set<std::string>> scopes_of(const json& answer)
{
    const auto* member = find_member(answer, "scope");
    if (!member) return std::set<std::string>{};
    if (!member->is_string()) return refuse_shape("scope", "text");
    return split_scopes(member->get_ref<const std::string&>());
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
    TAILOPS_TRY(const bool is_for_us, names_us(answer, rules.audience));
    if (!is_for_us) {
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
        TAILOPS_TRY(identity.scopes, scopes_of(answer));
    }
    return identity;
}

}  // namespace tailops::auth
