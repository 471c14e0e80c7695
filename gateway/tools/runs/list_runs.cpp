#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/runs/run_fields.hpp"

namespace tailops::tools {
namespace {

using kit::Fields;

// So many runs the gateway remembers of everybody; who asks for a state means any of them.
constexpr std::size_t all_runs = 1000;

struct RunsWanted {
    std::int64_t limit{20};
    std::optional<std::string> state{};

    static void fields(Fields& f, RunsWanted& s)
    {
        f("limit", s.limit, "How many at most", {.min = 1, .max = 100});
        f("state", s.state, "Only those that stand like this", {.one_of = state_words});
    }
};

struct ListedRun : RunHead {
    using RunHead::RunHead;

    static void fields(Fields& f, ListedRun& s)
    {
        f("run_id", s.run_id, "For get_run and read_output");
        f("state", s.state, "running, ok, failed, unknown, or the code of its error");
        f("tool", s.tool);
        f("target", s.target);
        f("started", s.started);
        f("ended", s.ended);
    }
};

struct RunList {
    std::vector<ListedRun> runs{};

    static void fields(Fields& f, RunList& s) { f("runs", s.runs, "Newest first"); }
};

Result<RunList> answer_runs(const RunsWanted& wanted, const GatewayView& view)
{
    const auto limit = static_cast<std::size_t>(wanted.limit);
    RunList out;
    for (const auto& run : view.runs(wanted.state ? all_runs : limit)) {
        if (out.runs.size() == limit) break;
        if (!wanted.state || *wanted.state == to_string(run.state)) out.runs.emplace_back(run);
    }
    return out;
}

}  // namespace

Tool list_runs()
{
    return kit::ToolOf<RunsWanted, RunList>{
        {.name = "list_runs",
         .title = "Your calls",
         .summary = "Your latest calls about targets and how they stand: to find one whose "
                    "answer you did not get. get_run has the rest.",
         .rights = {{{"gateway", "read"}, Tier::observe}}}}
        .answers(answer_runs);
}

}  // namespace tailops::tools
