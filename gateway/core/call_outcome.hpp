#pragma once

#include "gateway/core/error.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace tailops {

/// How a call ended, in the one word that the trail, the log, the metrics and the book of runs have
/// for it, and the answer too where it is an error. docs/errors.md has the table.
enum class CallOutcome {
    ok,        // carried out, and nothing says that it failed
    failed,    // carried out, and it says that it failed: exit status, HTTP 400 and above
    replayed,  // nothing was done: the answer is that of an earlier call with the same key
    refused,   // nothing was done: a policy, a schema, a right; the answer's code says which
    // What stands in the way of a result, by its code.
    invalid_argument,
    not_found,
    busy,
    deadline_exceeded,
    cancelled,
    unreachable,
    unauthorized_there,
    unavailable,
    outcome_unknown,
    internal,
    // What has no end.
    unknown,  // the gateway ended while it ran
    running,  // not over yet: in the book of runs only
};

/// "ok", "deadline_exceeded", ...
std::string_view to_string(CallOutcome) noexcept;
/// The outcome of that name; none: there is none.
std::optional<CallOutcome> find_call_outcome(std::string_view word) noexcept;
/// Every word, in the order above.
std::span<const std::string_view> call_outcome_words() noexcept;

/// The outcome of a call that was decided and came to this error. What refuses a call later than
/// the decision is called as what refuses it then.
CallOutcome outcome_of(const Error& error) noexcept;

/// Whether an operator should look: neither a result that went well nor a caller who left.
bool is_trouble(CallOutcome) noexcept;

}  // namespace tailops
