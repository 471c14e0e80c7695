#include "gateway/tools/containers/container_fields.hpp"
#include "gateway/tools/containers/engine_answer.hpp"

#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;
using targets::ExecutionResult;

enum class Action { start, stop, restart };

constexpr std::array<std::string_view, 3> words(Action)
{
    return {"start", "stop", "restart"};
}

std::string_view past_tense(Action action)
{
    constexpr std::array<std::string_view, 3> done = {"started", "stopped", "restarted"};
    return done[static_cast<std::size_t>(action)];
}

struct ChangeWanted {
    Action action{};
    std::string name_or_id{};
    std::int64_t grace_seconds{10};

    static void fields(Fields& f, ChangeWanted& s)
    {
        f("action", s.action, "What to do", {.required = true});
        f("name_or_id", s.name_or_id, containers::name_meaning, containers::name_rules);
        f("grace_seconds", s.grace_seconds,
          "How long it may take to end before it is killed; not for start", {.min = 0, .max = 120});
    }
};

struct Changed {
    bool success{true};
    std::string container{}, action{};
    bool changed{};

    static void fields(Fields& f, Changed& s)
    {
        f("success", s.success);
        f("container", s.container);
        f("action", s.action, "started, stopped or restarted; as asked for when it failed");
        f("changed", s.changed, "false when it was in that state already");
    }
};

struct ChangeFailure {
    bool success{false};
    std::string error{}, container{};
    Action action{};

    static void fields(Fields& f, ChangeFailure& s)
    {
        f("success", s.success);
        f("error", s.error);
        f("container", s.container);
        f("action", s.action);
    }
};

Result<kit::PlanOf<Changed, ChangeFailure>> plan(const ChangeWanted& wanted, const PlanContext&)
{
    const auto& name = wanted.name_or_id;
    const auto action = wanted.action;
    targets::EngineCall call{
        .method = "POST",
        .path = "/containers/" + name + '/' + std::string{kit::word_of(action)},
        .query = {},
        .body = {}};
    if (action != Action::start) call.query.emplace_back("t", std::to_string(wanted.grace_seconds));
    return {
        {.operation = std::move(call),
         .read = [name, action](const ExecutionResult& result) -> Result<Changed> {
             // 304: it was in that state already (Engine API, ContainerStart, ContainerStop).
             return Changed{.container = name,
                            .action = std::string{past_tense(action)},
                            .changed = result.status != 304};
         },
         .failed = [name, action](const ExecutionResult& result) -> std::optional<ChangeFailure> {
             auto failed = containers::container_failure(result, name);
             if (!failed) return std::nullopt;
             return ChangeFailure{
                 .error = std::move(failed->error), .container = name, .action = action};
         },
         .namings = {containers::naming_of(name)}}};
}

}  // namespace

Tool manage_container()
{
    return kit::ToolOf<ChangeWanted, Changed, ChangeFailure>{
        {.name = "manage_container",
         .title = "Start, stop or restart a container",
         .summary = "Starts, stops or restarts a container.",
         .rights = {{{"container", "write"}, Tier::control}},
         .annotations =
             {.read_only = false, .destructive = true, .idempotent = false, .open_world = false},
         .facet = targets::Facet::containers}}
        .plans(plan);
}

}  // namespace tailops::tools
