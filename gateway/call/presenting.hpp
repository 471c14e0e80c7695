#pragma once

#include "gateway/call/preparing.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <set>
#include <string>

namespace tailops::call {

/// Whether the content says that what was asked for did not work.
bool tells_of_failure(const nlohmann::json& content);

/// Makes it safe to show: without what acts on a reader, and without secrets. `kinds`: of those
/// that were taken out already.
void make_fit(nlohmann::json& content, const World& world, std::set<std::string> kinds = {});

/// What a machine said, made into an answer that is fit to show. Errors: unavailable (cut, so that
/// it makes no sense), those of the tool's reader.
Result<Answer> present(const Prepared& call,
                       const World& world,
                       const targets::ExecutionResult& result,
                       const runs::Runs& runs,
                       const runs::Run& run);

/// Whether the caller may have what the target opened. What was not opened needs no answer.
Status judge(const Prepared& call, const Result<targets::ExecutionResult>& result);

/// The sink for what the result has no room for. What no one may have is not kept either.
std::shared_ptr<targets::OutputSink> sink_for(const Prepared& call, runs::Run& run);

/// A change whose answer cannot be shown was carried out all the same: "unavailable" and "internal"
/// would say that it was not, and be repeated.
Error after_the_effect(Error error);

}  // namespace tailops::call
