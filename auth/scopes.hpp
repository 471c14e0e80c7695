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

/// Whether a server that offers these grants scopes of ours: some capability is among them. "admin"
/// and "readonly" alone are words that many servers use for something else.
bool offers_ours(const std::set<std::string>& offered);

/// Those of `offered` that are ours, sorted. `offline_access` is never among them.
std::vector<std::string> our_scopes_of(const std::set<std::string>& offered);

}  // namespace tailops::auth
