#include "gateway/call/records.hpp"

#include "gateway/audit/redaction.hpp"
#include "gateway/call/idempotency.hpp"
#include "gateway/call/world.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"

namespace tailops::call {
namespace {

// The longest name of a tool or a target that there can be has 64.
constexpr std::size_t name_bytes_max = 128;

}  // namespace

audit::Record record_of_caller(const Invocation& call, const World& world)
{
    const auto& identity = call.principal.identity;
    audit::Record record;
    record.phase = audit::Phase::intent;
    record.request = call.id;
    record.subject = identity.key();
    record.name = identity.name;
    record.client = identity.client_id;
    record.actors = join(identity.actors, ", ");
    record.method = auth::to_string(identity.method);
    if (call.trace) record.trace = call.trace->trace_id;
    // Names come from the caller here, and a secret can be put anywhere.
    record.tool = ToolName{audit::redact_word(call.tool, *world.secrets, name_bytes_max)};
    auto kept = audit::kept_parameters(*call.arguments, *world.secrets);
    record.parameters = std::move(kept.text);
    record.parameters_sha256 = std::move(kept.sha256);
    record.idempotency_key = audit::redact_text(idempotency_key_of(call), *world.secrets);
    record.policy_version = world.gate->version();
    return record;
}

audit::Record record_of(const Invocation& call,
                        const policy::AccessRequest& request,
                        const policy::Decision& decision,
                        const World& world)
{
    auto record = record_of_caller(call, world);
    record.capability = request.action.text();
    record.tier = request.tier;
    record.target = request.target.id;
    record.effect = decision.effect;
    record.why = decision.why;
    if (decision.rule) record.rule = decision.rule->str();
    return record;
}

void describe_opened(audit::Record& record, const std::string& place)
{
    if (!place.empty()) record.detail += "; opened " + escaped_line(place);
}

void describe_misfit(audit::Record& record,
                     std::string_view target,
                     const Error& error,
                     const World& world)
{
    record.target = TargetId{audit::redact_word(target, *world.secrets, name_bytes_max)};
    record.why = audit::redact_text(error.public_message(), *world.secrets);
}

CallOutcome outcome_of(const Result<Answer>& answered) noexcept
{
    if (!answered) return outcome_of(answered.error());
    if (!answered->replayed_from.empty()) return CallOutcome::replayed;
    return answered->failed ? CallOutcome::failed : CallOutcome::ok;
}

std::string outcome_detail(const Result<targets::ExecutionResult>& result,
                           const Result<Answer>& answered,
                           const World& world)
{
    if (!result) return error_detail(result.error(), world);
    std::string detail = result->dry_run ? "dry run" : "status " + std::to_string(result->status);
    if (!result->signal.empty()) detail += ", signal " + result->signal;
    if (!answered) detail += "; " + error_detail(answered.error(), world);
    return detail;
}

std::string replay_detail(const std::string& first_request)
{
    return "what request " + quote(first_request) + " came to";
}

std::string error_detail(const Error& error, const World& world)
{
    return audit::redact_text(error.public_message(), *world.secrets);
}

void log_unrecorded(const Invocation& call, const Status& appended)
{
    if (appended) return;
    log(Event::outcome_unrecorded,
        {{"request", call.id.str()}, {"tool", call.tool}, {"why", appended.error().describe()}});
}

void log_outcome(const Invocation& call, const audit::Record& record, CallOutcome outcome)
{
    const bool is_fine = !is_trouble(outcome);
    const auto event = is_fine ? Event::call_finished : Event::call_failed;
    if (!is_logged(event)) return;
    // What was permitted failed for another reason than the one that permitted it.
    const auto& why = record.detail.empty() ? record.why : record.detail;
    log(event, {{"request", call.id.str()},
                {"tool", record.tool.str()},
                {"target", record.target.str()},
                {"subject", record.name},
                {"outcome", record.outcome},
                {"why", is_fine ? std::string{} : why},
                {"ms", std::to_string(record.elapsed_ms)}});
}

void log_decision(const Invocation& call, const policy::Decision& decision)
{
    if (!is_logged(Event::call_decided)) return;
    log(Event::call_decided, {{"request", call.id.str()},
                              {"tool", call.tool},
                              {"effect", std::string{policy::to_string(decision.effect)}},
                              {"why", decision.why}});
}

}  // namespace tailops::call
