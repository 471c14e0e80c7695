#include "gateway/runs/spool.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"
#include "gateway/runs/spool_writer.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace tailops::runs {
namespace {

using targets::OutputStream;
using tools::RunState;

// What waits in memory for the disk, of all runs together. A disk that falls so far behind is
// about to fail, or its runs can be had no faster.
constexpr std::size_t waiting_bytes_max = 64 * 1024 * 1024;
// So much of the file of the records may be outdated besides what holds.
constexpr std::uint64_t outdated_bytes_max = 1024 * 1024;

}  // namespace

Spool::Spool(SpoolSettings settings,
             SpoolFiles files,
             RecordLog records,
             AgeClock ages,
             boost::asio::thread_pool& blocking)
    : settings_{std::move(settings)},
      files_{std::move(files)},
      records_{std::move(records)},
      ages_{std::move(ages)},
      blocking_{blocking}
{
}

Result<std::shared_ptr<Spool>> Spool::open(SpoolSettings settings,
                                           AgeClock ages,
                                           boost::asio::thread_pool& blocking)
{
    TAILOPS_TRY(auto files, SpoolFiles::open(settings.folder));
    TAILOPS_TRY(auto records, RecordLog::open(files));
    auto spool = std::make_shared<Spool>(std::move(settings), std::move(files), std::move(records),
                                         std::move(ages), blocking);
    TAILOPS_CHECK(spool->take_stock());
    return spool;
}

Status Spool::take_stock()
{
    std::map<RequestId, RunRecord> records;
    TAILOPS_CHECK(records_.read([&](std::string_view line, RecordLog::Place place) {
        auto record = read_run_record(line);
        if (!record) {
            const auto gone = read_gone(line);
            const auto at = gone ? entries_.find(*gone) : entries_.end();
            if (at == entries_.end()) return;
            set_record(at->second, {});
            entries_.erase(at);
            records.erase(*gone);
            return;
        }
        const auto id = record->shown.id;
        set_record(entry_of(*record), place);
        records.insert_or_assign(id, *std::move(record));
    }));
    TAILOPS_TRY(const auto names, files_.list());
    for (const auto& name : names) {
        const RequestId run{name.substr(0, name.find('.'))};
        // An output without a record is nobody's.
        const bool is_output = name == run.str() + ".stdout" || name == run.str() + ".stderr";
        if (!is_output || !entries_.contains(run)) files_.remove_other(name);
    }
    for (auto& [id, record] : records) take_in(std::move(record));
    std::ranges::sort(found_, {}, [](const RunRecord& record) { return record.shown.started; });
    drop_old();
    {
        const std::scoped_lock lock{mutex_};
        make_room({}, 0);
    }
    std::erase_if(found_, [this](const auto& one) { return !entries_.contains(one.shown.id); });
    if (has_many_outdated_records()) forget_outdated_records();
    record_gone();
    return {};
}

void Spool::take_in(RunRecord record)
{
    auto& shown = record.shown;
    if (shown.state == RunState::running) shown.state = RunState::unknown;
    shown.output.kept_bytes = files_.bytes_of(shown.id, OutputStream::output);
    shown.diagnostics.kept_bytes = files_.bytes_of(shown.id, OutputStream::diagnostics);
    shown.output.bytes = std::max(shown.output.bytes, shown.output.kept_bytes);
    shown.diagnostics.bytes = std::max(shown.diagnostics.bytes, shown.diagnostics.kept_bytes);
    auto& entry = entry_of(record);
    // A date that is still to come was written by a clock that was ahead.
    entry.since = std::min(shown.started, ages_.now());
    entry.output_bytes = shown.output.kept_bytes + shown.diagnostics.kept_bytes;
    entry.has_ended = true;
    total_bytes_ += entry.output_bytes;
    found_.push_back(std::move(record));
}

std::vector<RunRecord> Spool::take_found()
{
    return std::exchange(found_, {});
}

std::shared_ptr<SpoolWriter> Spool::writer(RunRecord record, std::string begins_after)
{
    return std::make_shared<SpoolWriter>(shared_from_this(), std::move(record),
                                         std::move(begins_after));
}

void Spool::save(RunRecord record)
{
    {
        const std::scoped_lock lock{mutex_};
        const auto id = record.shown.id;
        pending_.insert_or_assign(id, std::move(record));
        if (std::exchange(is_saving_, true)) return;
    }
    boost::asio::post(blocking_, [self = shared_from_this()] { self->save_pending(); });
}

void Spool::save_pending()
{
    for (;;) {
        std::vector<RunRecord> records;
        {
            const std::scoped_lock lock{mutex_};
            for (auto& [id, record] : pending_) records.push_back(std::move(record));
            pending_.clear();
            if (records.empty()) is_saving_ = false;
        }
        if (records.empty()) return;
        if (const auto saved = write(records); !saved) {
            log(Event::spool_unwritable, {{"why", saved.error().describe()}});
        }
    }
}

Status Spool::save_now(const RunRecord& record)
{
    return write({&record, 1});
}

Status Spool::write(std::span<const RunRecord> records)
{
    Status result;
    std::string lines;
    std::vector<std::pair<RequestId, RecordLog::Place>> places;  // counted from the first line
    const std::scoped_lock one_at_a_time{records_mutex_};
    for (const auto& record : records) {
        const auto text = to_text(record);
        const auto admitted = admit(record, lines.size() + text.size());
        if (!admitted) result = fail(admitted.error());
        if (!admitted || !*admitted) continue;
        places.emplace_back(record.shown.id, RecordLog::Place{lines.size(), text.size()});
        lines += text;
        lines += '\n';
    }
    const auto went = gone();
    lines += went.lines;
    TAILOPS_TRY(const auto begin, records_.append(lines));
    forget_gone(went.runs);
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [run, place] : places) {
            // It may have been dropped meanwhile.
            if (const auto at = entries_.find(run); at != entries_.end()) {
                set_record(at->second, {begin + place.offset, place.bytes});
            }
        }
    }
    if (has_many_outdated_records()) forget_outdated_records();
    return result;
}

Result<bool> Spool::admit(const RunRecord& record, std::uint64_t bytes)
{
    const auto& id = record.shown.id;
    if (!is_run_id(id.view())) return fail(Errc::invalid_argument, "not the id of a run");
    const bool has_ended = record.shown.state != RunState::running;
    const std::scoped_lock lock{mutex_};
    const auto known = entries_.find(id);
    if (known != entries_.end() && known->second.has_ended && !has_ended) return false;
    if (!make_room(id, bytes)) {
        return fail(Errc::unavailable, "the spool has no room for a record");
    }
    entry_of(record).has_ended = has_ended;
    return true;
}

Spool::Entry& Spool::entry_of(const RunRecord& record)
{
    auto& entry = entries_[record.shown.id];
    if (entry.since == TimePoint{}) entry.since = ages_.now();
    entry.owner = record.owner;
    entry.is_change = record.tier > Tier::observe && !record.dry_run;
    return entry;
}

void Spool::set_record(Entry& entry, RecordLog::Place place)
{
    total_bytes_ += place.bytes - entry.record.bytes;
    record_bytes_ += place.bytes - entry.record.bytes;
    entry.record = place;
}

bool Spool::has_many_outdated_records() const
{
    const std::scoped_lock lock{mutex_};
    return records_.bytes() > 2 * record_bytes_ + outdated_bytes_max;
}

void Spool::forget_outdated_records()
{
    std::vector<RequestId> runs;
    std::vector<RecordLog::Place> places;
    const auto went = gone();
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [run, entry] : entries_) {
            if (entry.record.bytes == 0) continue;
            runs.push_back(run);
            places.push_back(entry.record);
        }
    }
    if (const auto kept = records_.keep_only(files_, places); !kept) {
        log(Event::spool_unwritable, {{"why", kept.error().describe()}});
        return;
    }
    forget_gone(went.runs);
    const std::scoped_lock lock{mutex_};
    for (std::size_t at = 0; at < runs.size(); ++at) {
        if (const auto entry = entries_.find(runs[at]); entry != entries_.end()) {
            set_record(entry->second, places[at]);
        }
    }
}

Result<FileDescriptor> Spool::open_stream(const RequestId& run, OutputStream stream) const
{
    if (!is_run_id(run.view())) return fail(Errc::not_found, "this output is no longer kept");
    return files_.open_stream(run, stream);
}

void Spool::drop_old()
{
    const auto limit = ages_.now() - settings_.age_max;
    const std::scoped_lock one_at_a_time{records_mutex_};
    bool has_dropped = false;
    {
        const std::scoped_lock lock{mutex_};
        for (auto at = entries_.begin(); at != entries_.end();) {
            const auto next = std::next(at);
            const bool goes = !at->second.is_coming_in && at->second.since < limit;
            if (goes) drop(at);
            has_dropped = has_dropped || goes;
            at = next;
        }
    }
    // A record tells what was done and to what: it goes as its output does, for good.
    if (has_dropped) forget_outdated_records();
}

void Spool::drop(Entries::iterator at)
{
    if (at->second.output_bytes > 0) files_.remove(at->first);
    gone_.insert(at->first);
    set_record(at->second, {});
    total_bytes_ -= at->second.output_bytes;
    entries_.erase(at);
}

Spool::Gone Spool::gone() const
{
    Gone out;
    const std::scoped_lock lock{mutex_};
    for (const auto& run : gone_) {
        out.runs.push_back(run);
        if (!entries_.contains(run)) out.lines += gone_text(run) + '\n';
    }
    return out;
}

void Spool::forget_gone(const std::vector<RequestId>& told)
{
    const std::scoped_lock lock{mutex_};
    for (const auto& run : told) gone_.erase(run);
}

void Spool::record_gone()
{
    const std::scoped_lock one_at_a_time{records_mutex_};
    const auto went = gone();
    if (!went.lines.empty()) {
        if (const auto written = records_.append(went.lines); !written) {
            log(Event::spool_unwritable, {{"why", written.error().describe()}});
            return;  // told with the next record
        }
    }
    forget_gone(went.runs);
}

bool Spool::take_memory(std::size_t bytes) noexcept
{
    if (waiting_bytes_.fetch_add(bytes) + bytes <= waiting_bytes_max) return true;
    waiting_bytes_ -= bytes;
    return false;
}

void Spool::give_memory_back(std::size_t bytes) noexcept
{
    waiting_bytes_ -= bytes;
}

std::uint64_t Spool::total_bytes() const
{
    const std::scoped_lock lock{mutex_};
    return total_bytes_;
}

}  // namespace tailops::runs
