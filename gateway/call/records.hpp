#pragma once

#include "gateway/audit/record.hpp"
#include "gateway/call/pipeline.hpp"
#include "gateway/core/call_outcome.hpp"
#include "policy/gate.hpp"

namespace tailops::call {

// What the trail and the log are told of a call.

/// What a record says of the caller, whatever came of the call: the beginning of an intent.
audit::Record record_of_caller(const Invocation& call, const World& world);

/// The same, and what was asked and decided.
audit::Record record_of(const Invocation& call,
                        const policy::AccessRequest& request,
                        const policy::Decision& decision,
                        const World& world);

/// Adds where the call was led, when it was led elsewhere.
void describe_opened(audit::Record& record, const std::string& place);

/// A call that no decision was made of: `target` is what the caller wrote, and may be anything.
void describe_misfit(audit::Record& record,
                     std::string_view target,
                     const Error& error,
                     const World& world);

/// What a call that was carried out, or answered, came to. The one place where that is decided.
CallOutcome outcome_of(const Result<Answer>& answered) noexcept;

/// What a target said, for the record of the outcome; `answered` is what the caller gets of it.
std::string outcome_detail(const Result<targets::ExecutionResult>& result,
                           const Result<Answer>& answered,
                           const World& world);
/// Of a call for which nothing was done, because the caller got what `first_request` came to.
std::string replay_detail(const std::string& first_request);
/// Of one that got `error`.
std::string error_detail(const Error& error, const World& world);

/// For a call that is answered whether or not its record could be appended.
void log_unrecorded(const Invocation& call, const Status& appended);

void log_outcome(const Invocation& call, const audit::Record& record, CallOutcome outcome);
void log_decision(const Invocation& call, const policy::Decision& decision);

}  // namespace tailops::call
