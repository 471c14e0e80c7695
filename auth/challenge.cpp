#include "auth/challenge.hpp"

#include "auth/scopes.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::auth {
namespace {

/// `text` as the inside of a quoted-string: what RFC 6750 section 3 allows there, the rest
/// replaced.
std::string quotable(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool allowed = c >= 0x20 && c <= 0x7E && c != '"' && c != '\\';
        out += allowed ? c : '\'';
    }
    return out;
}

struct Attribute {
    std::string_view name;
    std::string value;
};

std::string bearer_challenge(const std::vector<Attribute>& attributes)
{
    std::string out = "Bearer";
    auto separator = " ";
    for (const auto& [name, value] : attributes) {
        if (value.empty()) continue;
        out.append(separator).append(name).append("=\"").append(quotable(value)).append("\"");
        separator = ", ";
    }
    return out;
}

std::string error_challenge(std::string_view error,
                            const ChallengeTerms& terms,
                            const std::vector<std::string>& scopes,
                            std::string_view description)
{
    return bearer_challenge({{"error", std::string{error}},
                             {"error_description", std::string{description}},
                             {"resource_metadata", terms.resource_metadata_url},
                             {"scope", join(scopes, " ")}});
}

bool is_plain(char c) noexcept
{
    return c > 0x20 && c < 0x7F;
}

}  // namespace

std::string challenge(const ChallengeTerms& terms)
{
    return bearer_challenge(
        {{"resource_metadata", terms.resource_metadata_url}, {"scope", join(terms.scopes, " ")}});
}

std::string invalid_token_challenge(const ChallengeTerms& terms, std::string_view description)
{
    return error_challenge("invalid_token", terms, terms.scopes, description);
}

std::string insufficient_scope_challenge(const ChallengeTerms& terms,
                                         const std::vector<std::string>& required,
                                         std::string_view description)
{
    return error_challenge("insufficient_scope", terms, required, description);
}

std::string invalid_request_challenge(const ChallengeTerms& terms, std::string_view description)
{
    return error_challenge("invalid_request", terms, {}, description);
}

Result<std::optional<Secret>> bearer_token(const net::HeaderList& headers)
{
    const std::string* value = nullptr;
    for (const auto& [name, text] : headers) {
        if (!equal_ignoring_case(name, "authorization")) continue;
        if (value) {
            return fail(Errc::invalid_argument, "the request has two Authorization headers");
        }
        value = &text;
    }
    if (!value) return std::optional<Secret>{};
    const auto text = trim(*value);
    const auto end = text.find(' ');
    if (!equal_ignoring_case(text.substr(0, end), "bearer")) return std::optional<Secret>{};
    const auto token = end == std::string_view::npos ? std::string_view{} : trim(text.substr(end));
    if (token.empty() || !std::ranges::all_of(token, is_plain)) {
        return fail(Errc::invalid_argument, "the Authorization header must be: Bearer TOKEN");
    }
    return std::optional{Secret{std::string{token}}};
}

bool has_query_token(std::string_view query)
{
    return std::ranges::any_of(split(query, '&'), [](std::string_view field) {
        return field.substr(0, field.find('=')) == "access_token";
    });
}

std::string protected_resource_metadata(const ProtectedResource& resource)
{
    nlohmann::json out{{"resource", resource.resource},
                       {"authorization_servers", resource.authorization_servers},
                       {"bearer_methods_supported", {"header"}}};
    auto scopes = resource.scopes_supported;
    std::erase(scopes, "offline_access");
    if (!scopes.empty()) out["scopes_supported"] = scopes;
    if (!resource.name.empty()) out["resource_name"] = resource.name;
    if (!resource.documentation_url.empty()) {
        out["resource_documentation"] = resource.documentation_url;
    }
    return dump_json(out);
}

Result<std::string> resource_metadata_url(std::string_view resource)
{
    TAILOPS_TRY(const auto url, net::parse_url(resource));
    const auto path = url.path == "/" ? std::string{} : url.path;
    return url.origin() + "/.well-known/oauth-protected-resource" + path;
}

}  // namespace tailops::auth
