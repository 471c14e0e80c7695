#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/runs/run_fields.hpp"

namespace tailops::tools {
namespace {

using kit::Fields;
using targets::OutputStream;

struct RunWanted {
    std::string run_id{};

    static void fields(Fields& f, RunWanted& s)
    {
        f("run_id", s.run_id, "The run, as a result or the audit trail names it", run_id_rules);
    }
};

struct Stream {
    std::uint64_t bytes{}, lines{}, kept_bytes{};
    std::string read_more{};

    static void fields(Fields& f, Stream& s)
    {
        f("bytes", s.bytes);
        f("lines", s.lines);
        f("kept_bytes", s.kept_bytes);
        f("read_more", s.read_more);
    }
};

struct RunError {
    std::string code{}, message{};

    static void fields(Fields& f, RunError& s)
    {
        f("code", s.code);
        f("message", s.message);
    }
};

struct WholeRun : RunHead {
    using RunHead::RunHead;
    std::optional<kit::Json> result{};
    std::optional<std::string> note{};
    std::optional<RunError> error{};
    std::optional<Stream> output{}, diagnostics{};
    std::optional<std::string> not_kept{};

    static void fields(Fields& f, WholeRun& s)
    {
        f("run_id", s.run_id);
        f("state", s.state,
          "ok: done. failed: done, and the target says that it failed (exit status, HTTP 400 and "
          "above). unknown: the gateway ended while it ran; look at the target. The rest: the code "
          "of its error",
          {.one_of = state_words});
        f("tool", s.tool);
        f("target", s.target);
        f("started", s.started);
        f("ended", s.ended);
        f("result", s.result, "What the call answered, when it is ok or failed");
        f("note", s.note, "Why there is no result");
        f("error", s.error);
        f("stdout", s.output, "The output that read_output can read");
        f("stderr", s.diagnostics);
        f("not_kept", s.not_kept, "Why the kept output lacks its end");
    }
};

std::optional<Stream> stream_of(const RunView& run, OutputStream stream)
{
    const auto& extent = stream == OutputStream::output ? run.output : run.diagnostics;
    if (extent.kept_bytes == 0) return std::nullopt;
    return Stream{.bytes = extent.bytes,
                  .lines = extent.lines,
                  .kept_bytes = extent.kept_bytes,
                  .read_more = output_uri(run.id, stream)};
}

bool has_result(RunState state)
{
    return state == RunState::ok || state == RunState::failed;
}

Result<WholeRun> answer_run(const RunWanted& wanted, const GatewayView& view)
{
    TAILOPS_TRY(const auto run, view.run(RequestId{wanted.run_id}));
    WholeRun out{run};
    if (run.result) out.result = run.result;
    if (run.error) {
        out.error =
            RunError{std::string{to_string(run.error->code())}, run.error->public_message()};
    }
    if (has_result(run.state) && !run.result) out.note = "its result is no longer kept";
    out.output = stream_of(run, OutputStream::output);
    out.diagnostics = stream_of(run, OutputStream::diagnostics);
    if (!run.not_kept.empty()) out.not_kept = run.not_kept;
    return out;
}

}  // namespace

Tool get_run()
{
    return kit::ToolOf<RunWanted, WholeRun>{
        {.name = "get_run",
         .title = "A call of yours",
         .summary = "How one of your calls about a target stands, and its result when it is "
                    "done: for a call whose answer you did not get.",
         .rights = {{{"gateway", "read"}, Tier::observe}}}}
        .answers(answer_run);
}

}  // namespace tailops::tools
