#include "gateway/runs/run_record.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::runs {
namespace {

using nlohmann::json;
using tools::RunState;
using tools::StreamExtent;

constexpr std::int64_t version = 1;
constexpr std::size_t result_bytes_max = 256 * 1024;
// Names and paths; a call with more is judged by the rest of what is known of it.
constexpr std::size_t asked_bytes_max = 16 * 1024;

json extent_json(const StreamExtent& extent)
{
    return {{"bytes", extent.bytes}, {"lines", extent.lines}, {"kept_bytes", extent.kept_bytes}};
}

Result<StreamExtent> read_extent(const json& from, std::string_view name)
{
    TAILOPS_TRY(const auto member, field<json>(from, name));
    TAILOPS_TRY(const auto bytes, field<std::int64_t>(member, "bytes"));
    TAILOPS_TRY(const auto lines, field<std::int64_t>(member, "lines"));
    TAILOPS_TRY(const auto kept, field<std::int64_t>(member, "kept_bytes"));
    if (bytes < 0 || lines < 0 || kept < 0) return fail(Errc::invalid_argument, "a negative size");
    return StreamExtent{.bytes = static_cast<std::uint64_t>(bytes),
                        .lines = static_cast<std::uint64_t>(lines),
                        .kept_bytes = static_cast<std::uint64_t>(kept)};
}

json asked_json(const RunRecord::Asked& asked)
{
    auto parameters = json::object();
    for (const auto& [name, value] : asked.parameters) {
        parameters[name] = std::visit([](const auto& held) { return json(held); }, value);
    }
    auto aliases = json::object();
    for (const auto& [name, known] : asked.aliases) {
        aliases[name] = {
            {"same", known.same}, {"others", known.others}, {"any_case", known.any_case}};
    }
    return {{"parameters", std::move(parameters)}, {"aliases", std::move(aliases)}};
}

Result<policy::Value> read_value(const json& from)
{
    if (from.is_string()) return policy::Value{from.get<std::string>()};
    if (from.is_boolean()) return policy::Value{from.get<bool>()};
    if (from.is_number_integer()) return policy::Value{from.get<std::int64_t>()};
    if (from.is_number()) return policy::Value{from.get<double>()};
    std::vector<std::string> items;
    for (const auto& item : from) {
        if (!item.is_string()) return fail(Errc::invalid_argument, "an argument of no type");
        items.push_back(item.get<std::string>());
    }
    return policy::Value{std::move(items)};
}

/// Errors: invalid_argument; then nothing is known of what was asked.
Result<RunRecord::Asked> read_asked(const json& from)
{
    RunRecord::Asked out;
    TAILOPS_TRY(const auto parameters, field<json>(from, "parameters"));
    TAILOPS_TRY(const auto aliases, field<json>(from, "aliases"));
    if (!parameters.is_object() || !aliases.is_object()) {
        return fail(Errc::invalid_argument, "what was asked is no object");
    }
    for (const auto& [name, value] : parameters.items()) {
        TAILOPS_TRY(auto read, read_value(value));
        out.parameters.emplace(name, std::move(read));
    }
    for (const auto& [name, known] : aliases.items()) {
        auto& into = out.aliases[name];
        TAILOPS_TRY(into.same, field<std::vector<std::string>>(known, "same"));
        TAILOPS_TRY(into.others, field<std::vector<std::string>>(known, "others"));
        TAILOPS_TRY(into.any_case, field<bool>(known, "any_case"));
    }
    return out;
}

/// The state, also in the words of earlier versions: "done" had a result, "failed" had an error.
Result<RunState> read_state(std::string_view word, const tools::RunView& run)
{
    if (word == "failed" && run.error) return outcome_of(*run.error);
    if (word == "done") {
        const auto* success = run.result ? find_member(*run.result, "success") : nullptr;
        return success && *success == false ? RunState::failed : RunState::ok;
    }
    if (const auto state = find_call_outcome(word)) return *state;
    return fail(Errc::invalid_argument, quote(word) + " is no state of a run");
}

/// What else there is besides the sizes; whatever is missing was not said.
Status read_outcome(const json& from, tools::RunView& into)
{
    if (const auto ended = text_member(from, "ended"); !ended.empty()) {
        TAILOPS_TRY(into.ended, parse_rfc3339(ended));
    }
    if (const auto* result = find_member(from, "result")) {
        into.result = std::make_shared<const json>(*result);
    }
    if (const auto code = text_member(from, "error"); !code.empty()) {
        into.error.emplace(find_errc(code).value_or(Errc::internal),
                           std::string{text_member(from, "message")});
    }
    into.not_kept = text_member(from, "not_kept");
    return {};
}

}  // namespace

std::string to_text(const RunRecord& record)
{
    const auto& shown = record.shown;
    json out{{"version", version},
             {"run", shown.id.str()},
             {"owner", record.owner},
             {"tool", shown.tool.str()},
             {"target", shown.target.str()},
             {"capability", record.capability},
             {"tier", to_string(record.tier)},
             {"state", to_string(shown.state)},
             {"started", rfc3339(shown.started)},
             {"stdout", extent_json(shown.output)},
             {"stderr", extent_json(shown.diagnostics)}};
    if (shown.ended != TimePoint{}) out["ended"] = rfc3339(shown.ended);
    if (!shown.not_kept.empty()) out["not_kept"] = shown.not_kept;
    if (shown.error) {
        out["error"] = to_string(shown.error->code());
        out["message"] = shown.error->public_message();
    }
    if (record.asked) {
        auto asked = asked_json(*record.asked);
        if (dump_json(asked).size() <= asked_bytes_max) out["asked"] = std::move(asked);
    }
    auto text = dump_json(out);
    if (!shown.result) return text;
    const auto result = dump_json(*shown.result);
    if (result.size() > result_bytes_max) return text;
    text.pop_back();
    return text + ",\"result\":" + result + '}';
}

Result<RunRecord> read_run_record(std::string_view text)
{
    TAILOPS_TRY(const auto from, parse_json(text));
    TAILOPS_TRY(const auto written, field<std::int64_t>(from, "version"));
    if (written != version) return fail(Errc::invalid_argument, "another version of record");
    RunRecord out;
    TAILOPS_TRY(auto id, field<std::string>(from, "run"));
    if (!is_run_id(id)) return fail(Errc::invalid_argument, quote(id) + " is no run");
    TAILOPS_TRY(out.owner, field<std::string>(from, "owner"));
    TAILOPS_TRY(auto tool, field<std::string>(from, "tool"));
    TAILOPS_TRY(auto target, field<std::string>(from, "target"));
    TAILOPS_TRY(out.capability, field<std::string>(from, "capability"));
    TAILOPS_TRY(const auto tier, field<std::string>(from, "tier"));
    TAILOPS_TRY(out.tier, parse_tier(tier));
    TAILOPS_TRY(const auto state, field<std::string>(from, "state"));
    TAILOPS_TRY(const auto started, field<std::string>(from, "started"));
    TAILOPS_TRY(out.shown.started, parse_rfc3339(started));
    TAILOPS_TRY(out.shown.output, read_extent(from, "stdout"));
    TAILOPS_TRY(out.shown.diagnostics, read_extent(from, "stderr"));
    if (const auto* asked = find_member(from, "asked")) {
        if (auto read = read_asked(*asked)) out.asked = *std::move(read);
    }
    out.shown.id = RequestId{std::move(id)};
    out.shown.tool = ToolName{std::move(tool)};
    out.shown.target = TargetId{std::move(target)};
    if (auto read = read_outcome(from, out.shown); !read) return fail(std::move(read).error());
    TAILOPS_TRY(out.shown.state, read_state(state, out.shown));
    return out;
}

std::string gone_text(const RequestId& run)
{
    return dump_json({{"version", version}, {"gone", run.str()}});
}

std::optional<RequestId> read_gone(std::string_view text)
{
    const auto from = parse_json(text);
    const auto id = from ? text_member(*from, "gone") : std::string_view{};
    return is_run_id(id) ? std::optional{RequestId{std::string{id}}} : std::nullopt;
}

bool is_run_id(std::string_view id) noexcept
{
    constexpr std::size_t size_max = 64;
    return !id.empty() && id.size() <= size_max && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

}  // namespace tailops::runs
