#pragma once

#include "auth/principal.hpp"
#include "auth/token_store.hpp"

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>

namespace tailops::app {

/// Who runs this process, as the kernel knows them: the real user, and the login that led here
/// where the system keeps one (`sudo -u tailops` leaves it as it was). Ask before giving up any
/// rights.
auth::TokenActor this_operator(std::string program);

/// The user of this process as the one who asks: subject and name are the user's name, the issuer
/// is "local". Without `scopes` the rights come from the policy's roles.
auth::Identity local_identity(std::optional<std::set<std::string>> scopes);

/// The user's name, or "uid N" where the system knows none.
std::string user_name(uid_t user);

}  // namespace tailops::app
