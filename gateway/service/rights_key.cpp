#include "gateway/service/rights_key.hpp"

#include <string_view>

namespace tailops::service {

std::string rights_key(const auth::Principal& principal)
{
    const auto& identity = principal.identity;
    std::string key;
    // With its length, so that no name can stand for two.
    const auto add = [&key](std::string_view part) {
        key += '\n' + std::to_string(part.size()) + ':';
        key += part;
    };
    add(identity.issuer);
    add(identity.subject.view());
    add(identity.name);
    add(identity.client_id);
    for (const auto& group : identity.groups) add(group);
    key += "\nactors";
    for (const auto& actor : identity.actors) add(actor);
    // No scopes are not an empty set of them: then roles say what may be asked for.
    key += identity.scopes ? "\nscopes" : "\nroles";
    if (identity.scopes) {
        for (const auto& scope : *identity.scopes) add(scope);
    }
    return key;
}

}  // namespace tailops::service
