#pragma once

#include "gateway/core/secret.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/target.hpp"

#include <functional>
#include <memory>
#include <string>

namespace tailops::targets {

/// Whether calls can be made below `base_url`: http or https, a canonical path, no query. Errors:
/// invalid_argument, with the reason.
Status check_base_url(const std::string& base_url);

/// Whether a credential can travel as `connection` says, under that user name or in that header.
/// Errors: invalid_argument.
Status check_credential_carrier(const HttpConnection& connection);

/// An executor for HTTP APIs below `connection.base_url`: facets reachability and http_api.
///
/// The credential goes to that origin and nowhere else: redirects are results, not followed, and a
/// caller's headers come from a short allow-list. An answer of any status is a result. A Probe asks
/// what probe_call() says, tells the status alone, and takes 401 and 403 for unauthorized_there;
/// one of depth `connect` sends nothing. Only GET and HEAD
/// are ever repeated. Connections are kept and shared by all calls. `credential` may be empty when
/// the scheme is `none`. Errors: invalid_argument (base URL, paths, header name or CA file; the
/// detail names the file).
Result<std::shared_ptr<Executor>> make_http_executor(const HttpConnection& connection,
                                                     CredentialReader credential);

}  // namespace tailops::targets
