#include "policy/roles.hpp"

#include <algorithm>

namespace tailops::policy {
namespace {

bool is_member(const auth::Identity& identity, const std::string& key, const Role& role)
{
    if (names_subject(role.subjects, identity, key)) return true;
    if (!identity.client_id.empty() && role.clients.contains(identity.client_id)) return true;
    return std::ranges::any_of(identity.groups,
                               [&](const auto& group) { return role.groups.contains(group); });
}

}  // namespace

bool is_our_scope(std::string_view scope)
{
    return scope == "admin" || scope == "readonly" ||
           std::ranges::binary_search(known_capabilities(), scope, {}, &KnownCapability::name);
}

bool brings_scopes(const auth::Identity& identity)
{
    return identity.scopes.has_value();
}

auth::Principal admit(auth::Identity identity, std::span<const Role> roles)
{
    auth::Principal principal;
    std::set<std::string> granted;
    const auto key = identity.key();
    for (const auto& role : roles) {
        if (!is_member(identity, key, role)) continue;
        principal.roles.insert(role.name);
        granted.insert(role.scopes.begin(), role.scopes.end());
    }
    principal.capabilities = expand_scopes(brings_scopes(identity) ? *identity.scopes : granted);
    principal.identity = std::move(identity);
    return principal;
}

}  // namespace tailops::policy
