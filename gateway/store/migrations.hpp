#pragma once

#include "gateway/store/sqlite.hpp"

namespace tailops::store {

/// Brings the schema of `database` up to date, all or nothing; two processes may try at once.
/// Errors: unavailable (a newer version of the gateway has written it), busy, internal.
Status migrate(Database& database);

}  // namespace tailops::store
