#include "auth/scopes.hpp"

#include "gateway/core/capability.hpp"
#include "gateway/core/text.hpp"

namespace tailops::auth {

bool is_our_scope(std::string_view scope) noexcept
{
    if (scope == "admin" || scope == "readonly") return true;
    for (const auto& known : known_capabilities()) {
        if (known.name == scope) return true;
    }
    return false;
}

std::set<std::string> split_scopes(std::string_view text)
{
    std::set<std::string> scopes;
    for (const auto word : split(text, ' ')) {
        if (!word.empty()) scopes.emplace(word);
    }
    return scopes;
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
