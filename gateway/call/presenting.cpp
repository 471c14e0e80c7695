#include "gateway/call/presenting.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/safe_text.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

namespace tailops::call {

bool tells_of_failure(const nlohmann::json& content)
{
    const auto* success = find_member(content, "success");
    return success && success->is_boolean() && !success->get<bool>();
}

void make_fit(nlohmann::json& content, const World& world, std::set<std::string> kinds)
{
    make_safe(content);
    redact_secrets(content, *world.secrets->known(), kinds);
    if (!kinds.empty() && content.is_object()) content["redacted"] = kinds;
}

Result<Answer> present(const Prepared& call,
                       const World& world,
                       const targets::ExecutionResult& result,
                       const runs::Runs& runs,
                       const runs::Run& run)
{
    const auto& plan = call.plan;
    if (result.dry_run) {
        nlohmann::json content{{"dry_run", true}, {"would", result.output}};
        make_fit(content, world);
        return Answer{.content = std::make_shared<const nlohmann::json>(std::move(content))};
    }
    auto presented = call.judge ? plan.place.present(result, *call.judge) : plan.present(result);
    if (!presented && result.truncated) {
        // What lacks its end is no answer of a wrong kind of machine.
        return fail(Errc::unavailable,
                    "the target's answer does not fit into the output limit of this call; ask for "
                    "less of it, or have output_limit raised in the policy or the target");
    }
    TAILOPS_TRY(auto content, std::move(presented));
    make_fit(*content, world, result.redacted);
    if (result.truncated && plan.rest == tools::Plan::Rest::kept) runs.tell(run, *content);
    const bool failed = tells_of_failure(*content);
    return Answer{.content = std::move(content), .failed = failed};
}

Status judge(const Prepared& call, const Result<targets::ExecutionResult>& result)
{
    if (!call.judge || !result || result->dry_run) return {};
    auto judged = call.plan.place.check(result->output, *call.judge);
    // What was cut before it said where it is shows nothing: present() has the words for that.
    const bool says_nothing = !judged && judged.error().code() == Errc::internal;
    return says_nothing && result->truncated ? Status{} : std::move(judged);
}

std::shared_ptr<targets::OutputSink> sink_for(const Prepared& call, runs::Run& run)
{
    auto sink = run.keep_output(call.plan.rest_begins_after);
    if (!sink || !call.judge) return sink;
    return std::make_shared<JudgedSink>(
        std::move(sink), std::string{call.plan.rest_begins_after},
        [check = call.plan.place.check, judge = call.judge](std::string_view beginning) {
            return check(beginning, *judge);
        });
}

Error after_the_effect(Error error)
{
    if (error.code() != Errc::unavailable && error.code() != Errc::internal) return error;
    auto told = "it was carried out, but its answer cannot be shown: " + error.public_message();
    return Error{Errc::outcome_unknown, std::move(told)}.because(std::move(error));
}

}  // namespace tailops::call
