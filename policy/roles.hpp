#pragma once

#include "policy/rule.hpp"

#include <span>
#include <string_view>

namespace tailops::policy {

/// Whether a scope is one of ours: a known capability, `admin` or `readonly`.
bool is_our_scope(std::string_view scope);

/// Whether the token itself says what it may do. Roles then grant nothing, and serve rules alone: a
/// token that asked for less must never be able to do more.
bool brings_scopes(const auth::Identity& identity);

/// The identity with the roles it is a member of, and the capabilities of its token or, when its
/// issuer grants no scopes of ours, of those roles.
auth::Principal admit(auth::Identity identity, std::span<const Role> roles);

}  // namespace tailops::policy
