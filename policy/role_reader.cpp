#include "policy/role_reader.hpp"

#include "gateway/core/text.hpp"
#include "policy/caller_names.hpp"
#include "policy/file_names.hpp"
#include "policy/roles.hpp"

namespace tailops::policy {
namespace {

const std::set<std::string>& our_scopes()
{
    static const std::set<std::string> scopes = [] {
        std::set<std::string> names{"admin", "readonly"};
        for (const auto& known : known_capabilities()) names.emplace(known.name);
        return names;
    }();
    return scopes;
}

void read_members(const yaml::Node& node, yaml::Problems& problems, Role& role)
{
    yaml::MapReader reader{node, problems, "members of role " + quote(role.name)};
    role.subjects = read_callers(reader, "subjects", listed_names);
    role.groups = read_callers(reader, "groups", listed_names);
    role.clients = read_callers(reader, "clients", listed_names);
    reader.finish();
}

}  // namespace

Role read_role(const yaml::Node::Entry& entry, yaml::Problems& problems)
{
    const yaml::Node node{entry.value};
    Role role;
    role.name = entry.key;
    const auto what = "role " + quote(role.name);
    yaml::MapReader reader{node, problems, what};
    const auto complain = [&](const std::string& text) {
        problems.add(reader.map().file(), entry.place, text);
    };
    if (!is_plain_name(role.name)) {
        complain(what + " must be named with 1 to 64 letters, digits, \".\", \"_\" and \"-\"");
    }
    const auto before = problems.all().size();
    reader.text("description");
    if (const auto members = reader.node("members")) read_members(*members, problems, role);
    const auto scopes = listed_names(reader, "scopes");
    for (const auto& scope : scopes) check_known(scope, "scope", our_scopes(), reader);
    role.scopes = texts_of(scopes);
    reader.finish();
    // What is missing may be what was misspelt: say the rest only of an otherwise sound role.
    if (problems.all().size() != before || node.kind() == yaml::Node::Kind::scalar ||
        node.kind() == yaml::Node::Kind::list) {
        return role;
    }
    if (role.subjects.empty() && role.groups.empty() && role.clients.empty()) {
        complain(what + " has no members");
    }
    if (role.scopes.empty()) complain(what + " has no scopes: it grants nothing");
    return role;
}

}  // namespace tailops::policy
