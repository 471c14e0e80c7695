#pragma once

#include "policy/file_names.hpp"

namespace tailops::policy {

/// Complains of names of callers that nobody can have: globs, blanks and line ends around a name,
/// "ISSUER|sub" without an issuer or without a sub. In a denying rule such a name would let through
/// whom it was meant for. `key` is the list they stand in.
void check_caller_names(const std::vector<ListedName>& names,
                        std::string_view key,
                        yaml::MapReader& reader);

/// Complains of scopes that no token can have: RFC 6749 section 3.3 separates them by blanks.
void check_scope_names(const std::vector<ListedName>& names, yaml::MapReader& reader);

}  // namespace tailops::policy
