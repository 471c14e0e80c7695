#pragma once

#include "gateway/call/conductor.hpp"
#include "tests/unit/gateway/call/world_rig.hpp"

#include <functional>
#include <set>

namespace tailops::call {

using tools::Ask;
using tools::Reversal;
using tools::Undo;
using tools::Work;

struct Nothing {};

inline targets::EngineCall post(const std::string& path)
{
    return {.method = "POST", .path = path, .query = {}, .body = {}};
}

inline Status accept(const targets::ExecutionResult& result)
{
    if (result.status < 400) return {};
    return fail(Errc::invalid_argument, "HTTP " + std::to_string(result.status));
}

inline Ask<Nothing> asking(const std::string& path)
{
    return {.operation = post(path),
            .read = [](const targets::ExecutionResult& result) -> Result<Nothing> {
                TAILOPS_CHECK(accept(result));
                return Nothing{};
            }};
}

/// A tool whose job is up to the test, before a fake engine on which any call can be made to fail.
class AJob : public WorldRig {
protected:
    using Content = tools::Content;
    using Job = std::function<Task<Result<Content>>(Work&)>;

    AJob()
    {
        tools::Tool tool{
            .name = "do_job",
            .title = "A job",
            .summary = "Does what the test says",
            .input_schema = R"({"type": "object", "properties": {}})",
            .output_schema = R"({"type": "object"})",
            .rights = {{{"container", "write"}, Tier::control}},
            .uses = {{{"container", "read"}, Tier::observe}},
            .plan = [this](const json&, const tools::PlanContext&) -> Result<tools::Plan> {
                tools::Plan plan;
                plan.right = {{"container", "write"}, Tier::control};
                plan.job = job;
                return plan;
            },
            .facet = targets::Facet::containers};
        auto next = std::make_shared<World>(*rig_.world->get());
        next->tools = std::make_shared<const tools::ToolCatalogue>(std::vector{tool});
        rig_.world->swap(std::move(next));
        engine_ = std::make_shared<FakeTarget>(
            targets::Facet::containers,
            [this](const targets::Operation& asked) { return answer_to(path_of(asked)); });
        set_api({});
        allow({rule("all", policy::Effect::allow)});
        job = [](Work& work) { return three_steps(work); };
    }

    targets::ExecutionResult answer_to(const std::string& asked)
    {
        if (before_answer) before_answer(asked);
        if (refused.contains(asked)) return answered(409, R"({"message":"in the way"})");
        return answered(200, "{}");
    }

    static Task<Result<Content>> three_steps(Work& work)
    {
        Ask<Nothing> first = asking("/first"), second = asking("/second"), third = asking("/third");
        Reversal undo_first = undo("/first"), undo_second = undo("/second");
        TAILOPS_CO_CHECK(co_await look(work));
        TAILOPS_CO_CHECK(
            co_await work.act("do the first", std::move(first), std::move(undo_first)));
        TAILOPS_CO_CHECK(
            co_await work.act("do the second", std::move(second), std::move(undo_second)));
        TAILOPS_CO_CHECK(co_await work.act("do the third", std::move(third), final_step()));
        co_return std::make_shared<json>(json{{"made", true}});
    }

    static Reversal final_step() { return tools::Irreversible{}; }

    static Task<Result<Nothing>> look(Work& work)
    {
        Ask<Nothing> ask = asking("/x");
        std::get<targets::EngineCall>(ask.operation).method = "GET";
        co_return co_await work.look("look around", std::move(ask));
    }

    static Undo undo(const std::string& path)
    {
        return {.step = "take back " + path, .operation = post("/undo" + path), .accept = accept};
    }

    /// An act whose answer does not come.
    Task<Result<Content>> lost(Work& work, Ask<Nothing> ask, Reversal reversal)
    {
        engine_->failure = Error{Errc::unreachable, "the connection was lost"};
        const auto done = co_await work.act("do it", std::move(ask), std::move(reversal));
        engine_->failure.reset();
        TAILOPS_CO_CHECK(done);
        co_return std::make_shared<json>();
    }

    Result<Answer> run() { return call("do_job", {{"target", "dock"}}); }

    static std::vector<std::string> states_in(const json& content)
    {
        std::vector<std::string> out;
        for (const auto& step : content.at("steps")) {
            out.push_back(step.at("step").get<std::string>() + ": " +
                          step.at("state").get<std::string>());
        }
        return out;
    }

    std::vector<std::string> trail(audit::Phase phase) const
    {
        std::vector<std::string> out;
        for (const auto& record : rig_.trail.records) {
            if (record.phase != phase) continue;
            out.push_back(record.request.str() +
                          (phase == audit::Phase::outcome ? ' ' + record.outcome : std::string{}));
        }
        return out;
    }

    Job job;
    std::function<void(const std::string& asked)> before_answer;
    std::set<std::string> refused;  // "POST /second"
};

}  // namespace tailops::call
