#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tailops {

/// What went wrong, in terms a caller can act on. Each value maps to exactly one MCP answer
/// (gateway/doors/mcp/wire/errors.cpp) and one HTTP status (gateway/http/status.cpp); add a value
/// only when some caller would branch on it, and -Wswitch walks you to the switches.
enum class Errc {
    invalid_argument,    // the caller sent something we refuse to interpret
    unauthenticated,     // no credential, or one that nobody vouches for
    insufficient_scope,  // authenticated, but the token lacks a scope it could be issued
    denied,              // authenticated, but the policy says no
    not_found,           // no such thing, or the caller may not know whether there is
    approval_required,   // allowed once a human approves
    busy,                // a bound was hit; safe to retry after a pause
    deadline_exceeded,   // our deadline passed; what the target did is said in the message
    cancelled,           // the caller went away or the daemon is stopping
    unreachable,         // the target or the authorization server did not answer
    unauthorized_there,  // the target refused our credential, or its identity is not the known one
    unavailable,      // we refuse to act for now: the trail cannot be written, or we are draining
    outcome_unknown,  // it was begun once, nobody knows how it ended: look before it is done again
    internal,         // a bug, or a broken environment
};

/// The code as it stands in logs, audit records and structured tool errors, e.g. "not_found".
std::string_view to_string(Errc) noexcept;
/// The code that is called so; none: there is none.
std::optional<Errc> find_errc(std::string_view name) noexcept;

/// A failure with two audiences. `public_message` goes to the caller; `detail` and `cause` go to
/// the log only. Neither repeats what its cause says: print the chain with `describe()`.
class Error {
public:
    Error(Errc code, std::string public_message)
        : code_{code},
          public_message_{std::move(public_message)}
    {
    }

    Errc code() const noexcept { return code_; }
    const std::string& public_message() const noexcept { return public_message_; }
    /// For logs, and for code that was told what a detail of this error means.
    const std::string& detail() const noexcept { return detail_; }

    /// Returns a copy carrying context for operators, e.g. the host name or errno text.
    Error with_detail(std::string detail) &&
    {
        detail_ = std::move(detail);
        return std::move(*this);
    }
    /// Returns a copy that promises: the target was asked for nothing yet, so that the same call
    /// may be made again at no risk. Only who can know says so; without it the call may have had
    /// its effect.
    Error with_nothing_begun() &&
    {
        nothing_begun_ = true;
        return std::move(*this);
    }
    bool has_nothing_begun() const noexcept { return nothing_begun_; }
    Error because(Error cause) &&
    {
        cause_ = std::make_shared<const Error>(std::move(cause));
        return std::move(*this);
    }

    /// "denied: ... (detail): cause...". For logs and operators, never for callers.
    std::string describe() const;

private:
    Errc code_;
    std::string public_message_;
    std::string detail_;
    std::shared_ptr<const Error> cause_;
    bool nothing_begun_{false};
};

/// A T, or the Error that stands in for it. Propagate with TAILOPS_TRY; make a failure with fail().
template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;  ///< The value of an operation that only succeeds or fails.

/// `return fail(Errc::not_found, "no such target");`
inline std::unexpected<Error> fail(Errc code, std::string public_message)
{
    return std::unexpected{Error{code, std::move(public_message)}};
}
inline std::unexpected<Error> fail(Error error)
{
    return std::unexpected{std::move(error)};
}

}  // namespace tailops
