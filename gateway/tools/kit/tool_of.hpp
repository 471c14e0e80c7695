#pragma once

#include "gateway/core/try.hpp"
#include "gateway/tools/kit/fields.hpp"
#include "gateway/tools/kit/json_values.hpp"
#include "gateway/tools/scripts.hpp"
#include "gateway/tools/sections.hpp"
#include "gateway/tools/tool.hpp"
#include "gateway/tools/work.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tailops::tools::kit {

/// What is said of a tool besides what it takes and what it answers.
struct About {
    std::string name{};
    std::string title{};
    std::string summary{};
    std::vector<Right> rights{};  // the first is that of a plan that names none
    Annotations annotations{looking};
    bool has_long_lists{false};
    targets::Facet facet{targets::Facet::shell};
};

/// Of a tool that takes nothing but its target.
struct NoArguments {
    static void fields(Fields&, NoArguments&) {}
};

/// Of a tool that the target never refuses: what goes wrong is an Error.
struct NoFailure {
    static void fields(Fields&, NoFailure&) {}
};

/// One of each struct of a tool, with the defaults of its members.
struct Blanks {
    Object& arguments;
    Object& result;
    Object& failure;
};

/// The row that `about` begins, with the schemas of the structs: a result is of either of two.
/// `requires_all`: results are always whole, which those about a target are not: a dry run and a
/// failure answer otherwise.
Tool tool_row(About about, Blanks blanks, bool requires_all);

/// The value as the content of an answer.
Content content_of(Object& value);

template <Struct T>
Content content_of(T value)
{
    ObjectOf<T> fields{value};
    return content_of(static_cast<Object&>(fields));
}

template <Struct T>
Result<T> arguments_from(const nlohmann::json& arguments)
{
    T out;
    ObjectOf<T> fields{out};
    TAILOPS_CHECK(read_json(arguments, fields));
    return out;
}

/// What a call of a tool about a target comes to: a Plan whose reader answers an R.
template <Struct R, Struct F = NoFailure>
struct PlanOf {
    targets::Operation operation;
    std::function<Result<R>(const targets::ExecutionResult&)> read;
    /// What is answered instead, where the target answered that it did not do it.
    std::function<std::optional<F>(const targets::ExecutionResult&)> failed{};
    std::optional<Right> right{};                    // none: the tool's first
    std::optional<policy::Parameters> parameters{};  // none: the arguments themselves
    std::vector<Naming> namings{};
    policy::AliasesByName aliases{};
    std::optional<Inquiry> inquiry{};
    Plan::Rest rest{Plan::Rest::dropped};

    /// Of a tool one of whose arguments is a path, in the place of `read`: see Plan::Place.
    struct Place {
        std::string_view begins_after;  // Plan::rest_begins_after
        std::function<Status(std::string_view output, PlaceJudge&)> check;
        std::function<Result<R>(const targets::ExecutionResult&, PlaceJudge&)> read;
    };
    std::optional<Place> place{};
};

/// What a call of a tool of several steps comes to.
template <Struct R>
struct JobOf {
    std::function<Task<Result<R>>(Work&)> job;
    std::vector<Naming> namings{};
};

/// What the conductor adds to the answer of a job.
struct JobReport {
    struct Step {
        std::string step{}, state{};
        std::optional<std::string> why{};

        static void fields(Fields& f, Step& s);
    };
    bool success{};
    std::optional<std::string> error{};
    std::vector<Step> steps{};
    std::optional<std::vector<std::string>> by_hand{};

    static void fields(Fields& f, JobReport& s);
};

/// A tool that takes an A and answers an R:
///
///     Tool get_uptime() {
///         return ToolOf<NoArguments, Uptime>{{.name = "get_uptime", ...}}.runs(script,
///         read_uptime);
///     }
///
/// Where R has a member `truncated`, it is set when the output limit cut what the target said. One
/// whose target may answer that it did not do what it was asked answers an F then.
template <Struct A, Struct R, Struct F = NoFailure>
class ToolOf {
public:
    explicit ToolOf(About about) : about_{std::move(about)} {}

    /// Runs a constant script on the target; `read` makes the answer of what it printed. Pure.
    using Reader = Result<R> (*)(const Sections& printed, const A& arguments);
    Tool runs(std::string_view script, Reader read) &&
    {
        return std::move(*this).plans([script, read](const A& arguments, const PlanContext&) {
            return Result<PlanOf<R, F>>{
                PlanOf<R, F>{.operation = scripts::command(script),
                             .read = [read, arguments](const targets::ExecutionResult& result) {
                                 return read(Sections::read(result.output), arguments);
                             }}};
        });
    }

    /// Thinks each call through. Pure.
    using Planner = std::function<Result<PlanOf<R, F>>(const A& arguments, const PlanContext&)>;
    Tool plans(Planner plan) &&
    {
        auto row = row_of(false);
        row.plan = [plan = std::move(plan), usual = row.rights.front()](
                       const nlohmann::json& from, const PlanContext& context) -> Result<Plan> {
            TAILOPS_TRY(auto arguments, arguments_from<A>(from));
            TAILOPS_TRY(auto made, plan(arguments, context));
            ObjectOf<A> fields{arguments};
            auto out = Plan{.right = made.right.value_or(usual),
                            .operation = std::move(made.operation),
                            .parameters = made.parameters ? *std::move(made.parameters)
                                                          : policy_parameters(fields),
                            .aliases = std::move(made.aliases),
                            .namings = std::move(made.namings),
                            .inquiry = std::move(made.inquiry),
                            .present = presenter(std::move(made.read), std::move(made.failed)),
                            .rest = made.rest};
            if (made.place) set_place(out, *std::move(made.place));
            return out;
        };
        return row;
    }

    /// Takes several steps. `uses`: see Tool::uses. Thinks each call through; pure.
    using JobPlanner = Result<JobOf<R>> (*)(const A& arguments, const PlanContext&);
    Tool works(std::vector<Right> uses, JobPlanner plan) &&
    {
        static_assert(std::is_same_v<F, JobReport>, "a job answers with its steps");
        auto row = row_of(false);
        row.uses = std::move(uses);
        row.plan = [plan, usual = row.rights.front()](const nlohmann::json& from,
                                                      const PlanContext& context) -> Result<Plan> {
            TAILOPS_TRY(auto arguments, arguments_from<A>(from));
            TAILOPS_TRY(auto made, plan(arguments, context));
            ObjectOf<A> fields{arguments};
            Plan out;
            out.right = usual;
            out.parameters = policy_parameters(fields);
            out.namings = std::move(made.namings);
            out.job = [job = std::move(made.job)](Work& work) { return worked(job(work)); };
            return out;
        };
        return row;
    }

    /// Of a tool about the gateway itself: answers from what the view shows. Pure.
    Tool answers(Result<R> (*answer)(const A& arguments, const GatewayView&)) &&
    {
        auto row = row_of(true);
        row.answer = [answer](const nlohmann::json& from,
                              const GatewayView& view) -> Result<Content> {
            TAILOPS_TRY(const auto arguments, arguments_from<A>(from));
            TAILOPS_TRY(auto told, answer(arguments, view));
            return content_of(std::move(told));
        };
        return row;
    }

    /// The same from what lies on the gateway's disk. The view outlives the task.
    Tool fetches(Task<Result<R>> (*fetch)(A arguments, const GatewayView&)) &&
    {
        auto row = row_of(true);
        row.fetch = [fetch](const nlohmann::json& from, const GatewayView& view) {
            return fetched(fetch, arguments_from<A>(from), view);
        };
        return row;
    }

private:
    Tool row_of(bool requires_all) &&
    {
        A arguments{};
        R result{};
        F failure{};
        ObjectOf<A> argument_fields{arguments};
        ObjectOf<R> result_fields{result};
        ObjectOf<F> failure_fields{failure};
        return tool_row(std::move(about_), {argument_fields, result_fields, failure_fields},
                        requires_all);
    }
    Tool row_of(bool requires_all) & { return std::move(*this).row_of(requires_all); }

    static auto presenter(decltype(PlanOf<R, F>::read) read, decltype(PlanOf<R, F>::failed) failed)
    {
        return [read = std::move(read), failed = std::move(failed)](
                   const targets::ExecutionResult& result) -> Result<Content> {
            if (failed) {
                if (auto refusal = failed(result)) return content_of(*std::move(refusal));
            }
            TAILOPS_TRY(auto told, read(result));
            if constexpr (requires { told.truncated = true; }) {
                if (result.truncated) told.truncated = true;
            }
            return content_of(std::move(told));
        };
    }

    static void set_place(Plan& plan, typename PlanOf<R, F>::Place place)
    {
        plan.present = {};
        plan.rest_begins_after = place.begins_after;
        plan.place.check = std::move(place.check);
        plan.place.present = [read = std::move(place.read)](const targets::ExecutionResult& result,
                                                            PlaceJudge& judge) -> Result<Content> {
            TAILOPS_TRY(auto told, read(result, judge));
            return content_of(std::move(told));
        };
    }

    static Task<Result<Content>> worked(Task<Result<R>> job)
    {
        TAILOPS_CO_TRY(auto told, co_await std::move(job));
        co_return content_of(std::move(told));
    }

    static Task<Result<Content>> fetched(Task<Result<R>> (*fetch)(A, const GatewayView&),
                                         Result<A> arguments,
                                         const GatewayView& view)
    {
        if (!arguments) co_return fail(std::move(arguments).error());
        TAILOPS_CO_TRY(auto told, co_await fetch(*std::move(arguments), view));
        co_return content_of(std::move(told));
    }

    About about_;
};

}  // namespace tailops::tools::kit
