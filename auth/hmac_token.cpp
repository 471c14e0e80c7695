#include "auth/hmac_token.hpp"

#include "auth/token_text.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::auth {
namespace {

constexpr std::size_t secret_bytes_min = 16;
constexpr std::size_t signature_digits = 64;
// A token without an end is looked at again after this: sessions and caches need some time.
constexpr auto endless_for = std::chrono::hours{1};

// As of all other tokens: auth/claims.cpp.
constexpr auto latest_end = std::chrono::sys_days{std::chrono::year{2200} / 1 / 1};

std::unexpected<Error> refuse(std::string why)
{
    return fail(Errc::unauthenticated, std::move(why));
}

}  // namespace

bool looks_like_hmac_token(std::string_view text)
{
    if (text.size() > token_bytes_max) return false;
    while (text.ends_with('.') || text.ends_with('=')) text.remove_suffix(1);
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const auto signature = text.substr(dot + 1);
    if (signature.find('.') != std::string_view::npos) return false;
    if (signature.size() == signature_digits && is_hex(lower_ascii(signature))) return true;
    // Whole groups of four hold whole bytes, wherever the rest was cut.
    auto body = text.substr(0, dot);
    while (body.ends_with('=')) body.remove_suffix(1);
    const auto bytes = from_base64url(body.substr(0, body.size() / 4 * 4));
    return bytes && trim(*bytes).starts_with('{');
}

Result<std::shared_ptr<HmacTokenAuthenticator>> HmacTokenAuthenticator::create(
    HmacTokenSettings settings, std::shared_ptr<const Clock> clock)
{
    if (settings.shared_secret.reveal().size() < secret_bytes_min) {
        return fail(Errc::invalid_argument,
                    "the shared secret of HMAC tokens must have 16 bytes or more");
    }
    return std::make_shared<HmacTokenAuthenticator>(std::move(settings), std::move(clock));
}

HmacTokenAuthenticator::HmacTokenAuthenticator(HmacTokenSettings settings,
                                               std::shared_ptr<const Clock> clock)
    : settings_{std::move(settings)},
      clock_{std::move(clock)}
{
}

Task<Result<Identity>> HmacTokenAuthenticator::authenticate(Secret token, Deadline)
{
    co_return identity_of(token.reveal());
}

Result<Identity> HmacTokenAuthenticator::identity_of(std::string_view token) const
{
    if (!looks_like_hmac_token(token)) return refuse("the token is malformed");
    const auto dot = token.find('.');
    const auto body = token.substr(0, dot);
    const auto expected = to_hex(hmac_sha256(settings_.shared_secret.reveal(), body));
    if (!equal_in_constant_time(expected, token.substr(dot + 1))) {
        return refuse("the token's signature is wrong");
    }
    // Signed by us, so whatever is wrong from here on is the issuer's mistake, not an attack.
    const auto text = from_base64url(body);
    if (!text) return refuse("the token is malformed");
    const auto claims = parse_json(*text, 8);
    if (!claims) return refuse("the token is malformed");

    const auto agent = field<std::string>(*claims, "agent");
    const auto scopes = field<std::vector<std::string>>(*claims, "scopes");
    const auto tags = optional_field<std::vector<std::string>>(*claims, "host_tags");
    const auto expiry = optional_field<std::string>(*claims, "expiry");
    if (!agent || agent->empty()) return refuse("the token names no agent");
    if (!scopes || !tags || !expiry) return refuse("the token's claims are malformed");

    const auto now = clock_->now();
    auto expires = now + endless_for;
    if (*expiry) {
        const auto end = parse_rfc3339(**expiry);
        if (!end) return refuse("the token's expiry is no time");
        if (now >= *end) return refuse("the token has expired");
        // "9999-12-31" is how the old tokens say "never"; a clock must be able to count on from it.
        expires = std::min<TimePoint>(*end, latest_end);
    } else if (settings_.missing_expiry == HmacTokenSettings::MissingExpiry::refuse) {
        return refuse("the token has no expiry");
    }
    Identity identity;
    identity.subject = SubjectId{*agent};
    identity.issuer = "tailopsmcp";
    identity.name = *agent;
    if (*tags) identity.groups.insert((*tags)->begin(), (*tags)->end());
    identity.scopes.emplace(scopes->begin(), scopes->end());
    identity.expires = expires;
    identity.method = Method::hmac_token;
    return identity;
}

}  // namespace tailops::auth
