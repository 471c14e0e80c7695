#pragma once

#include "gateway/audit/record.hpp"
#include "gateway/call/pipeline.hpp"
#include "policy/gate.hpp"

namespace tailops::call {

// What the trail and the log are told of a call.

/// The outcome of a call that got the answer of an earlier one.
inline constexpr std::string_view outcome_replayed = "replayed";

/// What a record says of the caller, whatever came of the call: the beginning of an intent.
audit::Record record_of_caller(const Invocation& call, const World& world);

/// The same, and what was asked and decided.
audit::Record record_of(const Invocation& call,
                        const policy::AccessRequest& request,
                        const policy::Decision& decision,
                        const World& world);

/// Makes the outcome of an intent.
void describe_outcome(audit::Record& record,
                      const Result<targets::ExecutionResult>& result,
                      const World& world);

/// Adds where the call was led, when it was led elsewhere.
void describe_opened(audit::Record& record, const std::string& place);

/// A call that no decision was made of: `target` is what the caller wrote, and may be anything.
void describe_misfit(audit::Record& record,
                     std::string_view target,
                     const Error& error,
                     const World& world);

/// An intent that stays without an outcome of its own: nothing was done, the caller got what
/// `first_request` came to.
void describe_replay(audit::Record& record, const std::string& first_request);
/// The same, and the caller got `error`.
void describe_failure(audit::Record& record, const Error& error, const World& world);

/// For a call that is answered whether or not its record could be appended.
void log_unrecorded(const Invocation& call, const Status& appended);

void log_outcome(const Invocation& call, const audit::Record& record);
void log_decision(const Invocation& call, const policy::Decision& decision);

}  // namespace tailops::call
