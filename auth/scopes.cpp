#include "auth/scopes.hpp"

#include "gateway/core/capability.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::auth {

bool is_our_scope(std::string_view scope) noexcept
{
    if (scope == "admin" || scope == "readonly") return true;
    return std::ranges::any_of(known_capabilities(),
                               [&](const auto& known) { return known.name == scope; });
}

std::set<std::string> split_scopes(std::string_view text)
{
    std::set<std::string> scopes;
    for (const auto word : split(text, ' ')) {
        if (!word.empty()) scopes.emplace(word);
    }
    return scopes;
}

bool offers_ours(const std::set<std::string>& offered)
{
    return std::ranges::any_of(offered, [](const std::string& scope) {
        return scope.find(':') != std::string::npos && is_our_scope(scope);
    });
}

std::vector<std::string> our_scopes_of(const std::set<std::string>& offered)
{
    std::vector<std::string> ours;
    for (const auto& scope : offered) {
        if (is_our_scope(scope)) ours.push_back(scope);
    }
    return ours;
}

}  // namespace tailops::auth
