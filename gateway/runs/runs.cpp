#include "gateway/runs/runs.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/runs/output_page.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ranges>

namespace tailops::runs {
namespace {

using nlohmann::json;
using targets::OutputStream;
using tools::OutputPage;
using tools::RunState;

/// About as many bytes as `value` takes; its strings are what counts.
std::size_t weight(const json& value)
{
    constexpr std::size_t node = 32;
    if (value.is_string()) return node + value.get_ref<const std::string&>().size();
    std::size_t sum = node;
    if (value.is_object()) {
        for (auto at = value.begin(); at != value.end(); ++at) {
            sum += node + at.key().size() + weight(*at);
        }
    } else if (value.is_array()) {
        for (const auto& element : value) sum += weight(element);
    }
    return sum;
}

/// What was kept, and how much there was: `bytes` and `lines` of all the target wrote.
tools::StreamExtent extent_of(const Kept::Stream& kept, std::uint64_t bytes, std::uint64_t lines)
{
    return {.bytes = std::max(bytes, kept.skipped_bytes + kept.bytes) - kept.skipped_bytes,
            .lines = std::max(lines, kept.skipped_lines + kept.lines) - kept.skipped_lines,
            .kept_bytes = kept.bytes};
}

// One part in so many of a caller's runs are looks that stay as long as its changes do.
constexpr std::size_t looks_share = 4;

std::unexpected<Error> no_such_run(const RequestId& id)
{
    return fail(Errc::not_found, "there is no run " + quote(id.view()) + " of yours");
}

bool is_durable(const RunRecord& record)
{
    return record.tier > Tier::observe && !record.dry_run;
}

}  // namespace

Run::Run(RunRecord record, std::shared_ptr<Spool> spool)
    : spool_{std::move(spool)},
      record_{std::move(record)}
{
}

std::shared_ptr<targets::OutputSink> Run::keep_output(std::string_view begins_after)
{
    const std::scoped_lock lock{mutex_};
    if (!spool_ || !is_run_id(record_.shown.id.view())) return nullptr;
    writer_ = spool_->writer(record_, std::string{begins_after});
    return writer_;
}

RunRecord Run::snapshot() const
{
    const std::scoped_lock lock{mutex_};
    auto record = record_;
    if (!writer_ || !writer_->has_begun()) return record;
    // It goes on: what is known so far is what has been kept so far.
    const auto kept = writer_->kept();
    auto& shown = record.shown;
    shown.output = extent_of(kept.output, 0, 0);
    shown.diagnostics = extent_of(kept.diagnostics, 0, 0);
    shown.not_kept = kept.not_kept;
    return record;
}

Runs::Runs(std::shared_ptr<Spool> spool, RunsSettings settings)
    : spool_{std::move(spool)},
      settings_{settings},
      readings_{settings.readings_max}
{
    if (!spool_) return;
    for (auto& record : spool_->take_found()) {
        const auto bytes = record.shown.result ? weight(*record.shown.result) : 0;
        const auto id = record.shown.id;
        enter(std::make_shared<Run>(std::move(record), spool_), true);
        if (bytes > 0) results_.push_back(id);
        set_result_bytes(runs_[id], bytes);
    }
    make_room();
}

void Runs::enter(std::shared_ptr<Run> run, bool has_ended)
{
    const auto& record = run->record_;
    const auto& id = record.shown.id;
    if (runs_.contains(id)) drop(std::ranges::find(order_, id));
    order_.push_back(id);
    auto& share = shares_[record.owner];
    ++share.runs;
    share.changes += is_durable(record) ? 1 : 0;
    auto& booked = runs_[id];
    booked.owner = record.owner;
    booked.is_change = is_durable(record);
    booked.has_ended = has_ended;
    booked.run = std::move(run);
}

void Runs::set_result_bytes(Booked& booked, std::size_t bytes)
{
    auto& share = shares_[booked.owner];
    share.result_bytes -= booked.result_bytes;
    result_bytes_ -= booked.result_bytes;
    booked.result_bytes = bytes;
    share.result_bytes += bytes;
    result_bytes_ += bytes;
}

void Runs::drop(Order::iterator at)
{
    const auto run = runs_.find(*at);
    order_.erase(at);
    set_result_bytes(run->second, 0);
    const auto share = shares_.find(run->second.owner);
    share->second.changes -= run->second.is_change ? 1 : 0;
    if (--share->second.runs == 0) shares_.erase(share);
    runs_.erase(run);
}

/// The run that makes room: of whoever has most, one that only looked, unless few of those are
/// left. The end: all still run.
Runs::Order::iterator Runs::next_to_go()
{
    const auto most =
        std::ranges::max_element(shares_, {}, [](const auto& one) { return one.second.runs; });
    const auto& share = most->second;
    const bool has_looks = (share.runs - share.changes) * looks_share > share.runs;
    auto fits = order_.end();
    auto of_anybody = order_.end();
    for (auto at = order_.begin(); at != order_.end(); ++at) {
        const auto& booked = runs_.at(*at);
        if (!booked.has_ended) continue;
        if (of_anybody == order_.end()) of_anybody = at;
        if (booked.owner != most->first) continue;
        if (!has_looks || !booked.is_change) return at;
        if (fits == order_.end()) fits = at;
    }
    return fits != order_.end() ? fits : of_anybody;
}

std::shared_ptr<Run> Runs::begin(RunRecord record)
{
    if (spool_ && is_durable(record)) spool_->save(record);
    auto run = std::make_shared<Run>(std::move(record), spool_);
    const std::scoped_lock lock{mutex_};
    enter(run, false);
    make_room();
    return run;
}

void Runs::make_room()
{
    while (result_bytes_ > settings_.result_bytes_max && !results_.empty()) {
        const auto most = std::ranges::max_element(
            shares_, {}, [](const auto& one) { return one.second.result_bytes; });
        const auto oldest = std::ranges::find_if(results_, [&](const RequestId& id) {
            const auto at = runs_.find(id);
            return at == runs_.end() || at->second.owner == most->first;
        });
        if (oldest == results_.end()) break;
        const auto at = runs_.find(*oldest);
        results_.erase(oldest);
        if (at == runs_.end()) continue;
        set_result_bytes(at->second, 0);
        const std::scoped_lock lock{at->second.run->mutex_};
        at->second.run->record_.shown.result = nullptr;
    }
    while (order_.size() > settings_.runs_max) {
        const auto at = next_to_go();
        if (at == order_.end()) return;
        drop(at);
    }
    if (results_.size() <= 2 * settings_.runs_max) return;
    // Those of runs that are forgotten; now and then, so that each call pays a little.
    std::erase_if(results_, [this](const RequestId& id) {
        const auto at = runs_.find(id);
        return at == runs_.end() || at->second.result_bytes == 0;
    });
}

std::size_t Runs::noted_results() const
{
    const std::scoped_lock lock{mutex_};
    return results_.size();
}

Task<void> Runs::settle(Run& run, const Result<targets::ExecutionResult>& result)
{
    std::shared_ptr<SpoolWriter> writer;
    {
        const std::scoped_lock lock{run.mutex_};
        writer = run.writer_;
    }
    if (!writer || !writer->has_begun()) co_return;
    const auto kept = co_await writer->settle();
    const std::scoped_lock lock{run.mutex_};
    run.writer_.reset();
    auto& shown = run.record_.shown;
    const targets::ExecutionResult unknown;
    const auto& all = result ? *result : unknown;
    shown.output = extent_of(kept.output, all.output_bytes, all.output_lines);
    shown.diagnostics = extent_of(kept.diagnostics, all.diagnostics_bytes, all.diagnostics_lines);
    shown.not_kept = kept.not_kept;
    const bool is_whole = shown.output.kept_bytes == shown.output.bytes &&
                          shown.diagnostics.kept_bytes == shown.diagnostics.bytes;
    if (shown.not_kept.empty() && !is_whole) {
        shown.not_kept = "the target did not send the rest in time, or broke off";
    }
}

void Runs::tell(const Run& run, json& content) const
{
    const auto record = run.snapshot();
    const auto& shown = record.shown;
    content["run_id"] = shown.id.str();
    if (shown.output.kept_bytes > 0) {
        content["read_more"] = tools::output_uri(shown.id, OutputStream::output);
    }
    if (shown.diagnostics.kept_bytes > 0) {
        content["read_more_stderr"] = tools::output_uri(shown.id, OutputStream::diagnostics);
    }
    if (!shown.not_kept.empty()) content["not_kept"] = shown.not_kept;
    if (!spool_) content["not_kept"] = "this gateway keeps no outputs";
}

void Runs::finish(Run& run, TimePoint ended, const RunResult& result, CallOutcome outcome)
{
    const auto bytes = result && *result ? weight(**result) : 0;
    RunRecord record;
    bool is_on_disk = false;
    {
        const std::scoped_lock lock{run.mutex_};
        auto& shown = run.record_.shown;
        shown.state = result ? outcome : outcome_of(result.error());
        shown.ended = ended;
        if (result) shown.result = *result;
        if (!result) shown.error = result.error();
        is_on_disk = is_durable(run.record_) || shown.output.kept_bytes > 0 ||
                     shown.diagnostics.kept_bytes > 0;
        if (spool_ && is_on_disk) record = run.record_;
    }
    if (spool_ && is_on_disk) spool_->save(std::move(record));
    const std::scoped_lock lock{mutex_};
    const auto at = runs_.find(run.record_.shown.id);
    if (at == runs_.end() || at->second.run.get() != &run) return;
    at->second.has_ended = true;
    if (bytes > 0) {
        set_result_bytes(at->second, bytes);
        results_.push_back(at->first);
    }
    make_room();
}

std::vector<tools::RunView> Runs::under_way() const
{
    std::vector<std::shared_ptr<Run>> found;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& id : order_) {
            const auto& booked = runs_.at(id);
            if (!booked.has_ended) found.push_back(booked.run);
        }
    }
    std::vector<tools::RunView> out;
    for (const auto& run : found) out.push_back(run->snapshot().shown);
    return out;
}

std::shared_ptr<Run> Runs::lookup(const RequestId& id) const
{
    const std::scoped_lock lock{mutex_};
    const auto at = runs_.find(id);
    return at == runs_.end() ? nullptr : at->second.run;
}

Result<tools::RunView> Runs::find(const RequestId& id, const MayRead& may_read) const
{
    const auto run = lookup(id);
    if (!run) return no_such_run(id);
    auto record = run->snapshot();
    if (!may_read(record)) return no_such_run(id);
    return std::move(record.shown);
}

std::vector<tools::RunView> Runs::newest(std::size_t runs_max, const MayRead& may_read) const
{
    std::vector<std::shared_ptr<Run>> all;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& id : std::views::reverse(order_)) {
            if (const auto at = runs_.find(id); at != runs_.end()) all.push_back(at->second.run);
        }
    }
    std::vector<tools::RunView> out;
    for (const auto& run : all) {
        if (out.size() == runs_max) break;
        auto record = run->snapshot();
        if (may_read(record)) out.push_back(std::move(record.shown));
    }
    return out;
}

Task<Result<OutputPage>> Runs::read(tools::OutputQuestion question,
                                    MayRead may_read,
                                    std::string reader) const
{
    TAILOPS_CO_TRY(const auto shown, find(question.run, may_read));
    const auto& extent = question.stream == OutputStream::output ? shown.output : shown.diagnostics;
    if (!spool_ || extent.kept_bytes == 0) {
        co_return fail(Errc::not_found,
                       shown.state == RunState::running
                           ? "nothing of this output is kept yet; the run goes on"
                           : "nothing of this output is kept apart: the result of run " +
                                 quote(question.run.view()) + " shows all there is of it");
    }
    auto work = [spool = spool_, question](const std::stop_token& stop) -> Result<OutputPage> {
        TAILOPS_TRY(const auto file, spool->open_stream(question.run, question.stream));
        return read_page(file, question, stop);
    };
    TAILOPS_CO_TRY(const auto share, readings_.take(std::move(reader)));
    auto& pool = settings_.reading ? *settings_.reading : spool_->blocking();
    TAILOPS_CO_TRY(auto page, co_await run_blocking(pool, std::move(work)));
    page.extent = extent;
    page.not_kept = shown.not_kept;
    page.state = shown.state;
    co_return page;
}

void Runs::drop_old()
{
    if (spool_) spool_->drop_old();
}

}  // namespace tailops::runs
