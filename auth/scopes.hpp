#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::auth {

/// Whether a scope means something to us: a known capability, "admin" or "readonly". Others
/// (openid, email, ...) belong to the authorization server.
bool is_our_scope(std::string_view scope) noexcept;

/// The scopes of a `scope` parameter (RFC 6749 section 3.3): separated by spaces.
std::set<std::string> split_scopes(std::string_view text);

/// Those of `offered` that are ours, sorted. `offline_access` is never among them.
std::vector<std::string> our_scopes_of(const std::set<std::string>& offered);

}  // namespace tailops::auth
