#pragma once

#include "policy/file_names.hpp"

namespace tailops::policy {

/// `listed_names` or `restricting_names`.
using ListReader = std::vector<ListedName> (*)(yaml::MapReader&, std::string_view key);

/// The callers named under `key`, as `list` reads them. Names that nobody can have become problems:
/// globs, blanks and line ends around a name, "ISSUER|sub" without an issuer or without a sub. In a
/// denying rule such a name would let through whom it was meant for.
std::set<std::string> read_callers(yaml::MapReader& reader, std::string_view key, ListReader list);

/// Complains of scopes that no token can have: RFC 6749 section 3.3 separates them by blanks.
void check_scope_names(const std::vector<ListedName>& names, yaml::MapReader& reader);

}  // namespace tailops::policy
