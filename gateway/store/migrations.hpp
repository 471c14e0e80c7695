#pragma once

#include "gateway/store/sqlite.hpp"

namespace tailops::store {

/// Brings the schema of `database` up to date, all or nothing; two processes may try at once.
/// Errors: unavailable (a newer version of the gateway has written it), busy, internal.
Status migrate(Database& database);

/// Whether migrate() would take `database`; changes nothing. Errors: unavailable, internal.
Status check_schema(Database& database);

/// Whether `database` has a table of that name. Errors: unavailable (damaged), internal.
Result<bool> has_table(Database& database, std::string_view name);

}  // namespace tailops::store
