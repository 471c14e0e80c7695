#include "gateway/tools/containers/engine_answer.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/commands/command_naming.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools::containers {

using nlohmann::json;
using targets::EngineCall;
using targets::ExecutionResult;

void EngineFailure::fields(kit::Fields& f, EngineFailure& s)
{
    f("success", s.success, "false when the engine refused");
    f("error", s.error);
}

void ContainerFailure::fields(kit::Fields& f, ContainerFailure& s)
{
    f("success", s.success);
    f("error", s.error);
    f("container", s.container, "As asked for, when there is none");
}

std::optional<EngineFailure> engine_failure(const ExecutionResult& result)
{
    if ((result.status >= 200 && result.status < 300) || result.status == 304) return std::nullopt;
    std::string message;
    if (const auto body = parse_json(result.output)) message = text_member(*body, "message");
    return EngineFailure{.error = "the engine answered HTTP " + std::to_string(result.status) +
                                  (message.empty() ? "" : ": " + escaped_line(message, 300))};
}

std::optional<ContainerFailure> container_failure(const ExecutionResult& result,
                                                  const std::string& container)
{
    auto failed = engine_failure(result);
    if (!failed) return std::nullopt;
    return ContainerFailure{.error = result.status == 404
                                         ? "no container " + quote(container) + " on this target"
                                         : std::move(failed->error),
                            .container = container};
}

Error not_of_an_engine(const ExecutionResult& result)
{
    return Error{Errc::internal, result.truncated
                                     ? "the engine's answer is longer than the output limit; raise "
                                       "the limit in the policy"
                                     : "the engine's answer is not what its API has"};
}

Result<json> told_container(const ExecutionResult& result, std::string_view text)
{
    auto container = parse_json(text);
    if (!container || !container->is_object() || text_member(*container, "Id").empty()) {
        return fail(not_of_an_engine(result));
    }
    return *std::move(container);
}

Naming naming_of(const std::string& word)
{
    return {
        .parameter = "name_or_id",
        .word = word,
        .kind = "container",
        .question =
            EngineCall{
                .method = "GET", .path = "/containers/" + word + "/json", .query = {}, .body = {}},
        .read = [word](const ExecutionResult& result) -> Result<std::optional<Named>> {
            if (result.status == 404) return std::nullopt;
            if (auto failed = engine_failure(result)) {
                const auto code = result.status < 500 ? Errc::invalid_argument : Errc::internal;
                return fail(code, std::move(failed->error));
            }
            TAILOPS_TRY(const auto told, told_container(result, result.output));
            return named_container(text_member(told, "Id"), text_member(told, "Name"), word);
        },
        .act_on =
            [word](targets::Operation& operation, const std::string& exact) {
                auto* call = std::get_if<EngineCall>(&operation);
                const auto begin = std::string_view{"/containers/"}.size();
                if (call) call->path.replace(begin, word.size(), exact);
            }};
}

}  // namespace tailops::tools::containers
