#include "gateway/call/spool.hpp"

#include "gateway/call/spool_writer.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace tailops::call {
namespace {

using targets::OutputStream;
using tools::RunState;

// Records are small; so many are a second's reading at the start.
constexpr std::size_t runs_max = 4096;
// When there are more, so many stay: looking for the oldest costs less than for each that comes.
constexpr std::size_t runs_kept = runs_max - runs_max / 16;
// What waits in memory for the disk, of all runs together. A disk that falls so far behind is
// about to fail, or its runs can be had no faster.
constexpr std::size_t waiting_bytes_max = 64 * 1024 * 1024;

}  // namespace

Spool::Spool(SpoolSettings settings,
             SpoolFiles files,
             const Clock& clock,
             boost::asio::thread_pool& blocking)
    : settings_{std::move(settings)},
      files_{std::move(files)},
      clock_{clock},
      blocking_{blocking}
{
}

Result<std::shared_ptr<Spool>> Spool::open(SpoolSettings settings,
                                           const Clock& clock,
                                           boost::asio::thread_pool& blocking)
{
    TAILOPS_TRY(auto files, SpoolFiles::open(settings.folder));
    auto spool = std::make_shared<Spool>(std::move(settings), std::move(files), clock, blocking);
    if (auto taken = spool->take_stock(); !taken) return fail(std::move(taken).error());
    return spool;
}

Status Spool::take_stock()
{
    TAILOPS_TRY(const auto listing, files_.list());
    for (const auto& run : listing.runs) {
        if (!take_in(run)) files_.remove(run);
    }
    for (const auto& name : listing.others) {
        const RequestId run{name.substr(0, name.find('.'))};
        // An output without a record is nobody's; so is a record that was not finished.
        const bool is_output = name == run.str() + ".stdout" || name == run.str() + ".stderr";
        if (!is_output || !entries_.contains(run)) files_.remove_other(name);
    }
    std::ranges::sort(found_, {}, [](const RunRecord& record) { return record.shown.started; });
    drop_old();
    const std::scoped_lock lock{mutex_};
    make_room({}, 0);
    std::erase_if(found_, [this](const auto& one) { return !entries_.contains(one.shown.id); });
    return {};
}

bool Spool::take_in(const RequestId& run)
{
    const auto text = files_.read_record(run);
    if (!text) return false;
    auto record = read_run_record(*text);
    if (!record || record->shown.id != run) return false;
    auto& shown = record->shown;
    if (shown.state == RunState::running) shown.state = RunState::unknown;
    shown.output.kept_bytes = files_.bytes_of(run, OutputStream::output);
    shown.diagnostics.kept_bytes = files_.bytes_of(run, OutputStream::diagnostics);
    shown.output.bytes = std::max(shown.output.bytes, shown.output.kept_bytes);
    shown.diagnostics.bytes = std::max(shown.diagnostics.bytes, shown.diagnostics.kept_bytes);
    const Entry entry{.started = shown.started,
                      .output_bytes = shown.output.kept_bytes + shown.diagnostics.kept_bytes,
                      .record_bytes = text->size(),
                      .is_coming_in = false,
                      .has_ended = true};
    total_bytes_ += entry.bytes();
    entries_.emplace(run, entry);
    found_.push_back(*std::move(record));
    return true;
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
    const auto id = record.shown.id;
    {
        const std::scoped_lock lock{mutex_};
        const bool is_waiting = pending_.contains(id);
        pending_.insert_or_assign(id, std::move(record));
        if (is_waiting) return;
    }
    boost::asio::post(blocking_, [self = shared_from_this(), id] { self->save_pending(id); });
}

void Spool::save_pending(const RequestId& id)
{
    std::optional<RunRecord> record;
    {
        const std::scoped_lock lock{mutex_};
        record = std::move(pending_.extract(id).mapped());
    }
    if (const auto saved = save_now(*record); !saved) {
        log(Event::spool_unwritable, {{"why", saved.error().describe()}});
    }
}

Status Spool::save_now(const RunRecord& record)
{
    const auto& id = record.shown.id;
    if (!is_run_id(id.view())) return fail(Errc::invalid_argument, "not the id of a run");
    const bool has_ended = record.shown.state != RunState::running;
    const auto text = to_text(record);
    const std::scoped_lock one_at_a_time{records_mutex_};
    {
        const std::scoped_lock lock{mutex_};
        const auto known = entries_.find(id);
        if (known != entries_.end() && known->second.has_ended && !has_ended) return {};
        if (!make_room(id, text.size())) {
            return fail(Errc::unavailable, "the spool has no room for a record");
        }
        auto& entry = entries_[id];
        entry.started = record.shown.started;
        entry.has_ended = has_ended;
        total_bytes_ += text.size() - entry.record_bytes;
        entry.record_bytes = text.size();
    }
    return files_.put_record(id, text);
}

Result<FileDescriptor> Spool::open_stream(const RequestId& run, OutputStream stream) const
{
    if (!is_run_id(run.view())) return fail(Errc::not_found, "this output is no longer kept");
    return files_.open_stream(run, stream);
}

void Spool::drop_old()
{
    const auto limit = clock_.now() - settings_.age_max;
    const std::scoped_lock lock{mutex_};
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto next = std::next(at);
        if (!at->second.is_coming_in && at->second.started < limit) drop(at);
        at = next;
    }
}

std::vector<Spool::Entries::iterator> Spool::oldest_first(const RequestId& keep)
{
    std::vector<Entries::iterator> found;
    found.reserve(entries_.size());
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (!at->second.is_coming_in && at->first != keep) found.push_back(at);
    }
    std::ranges::sort(found, {}, [](const auto& at) { return at->second.started; });
    return found;
}

void Spool::drop(Entries::iterator at)
{
    if (at->second.output_bytes > 0) {
        files_.remove(at->first);
    } else {
        files_.remove_record(at->first);
    }
    total_bytes_ -= at->second.bytes();
    entries_.erase(at);
}

bool Spool::make_room(const RequestId& run, std::uint64_t bytes)
{
    const auto is_full = [&](std::size_t runs) {
        return total_bytes_ + bytes > settings_.total_bytes_max || entries_.size() > runs;
    };
    if (!is_full(runs_max)) return true;
    const auto runs = entries_.size() > runs_max ? runs_kept : runs_max;
    for (const auto at : oldest_first(run)) {
        if (!is_full(runs)) break;
        drop(at);
    }
    return !is_full(runs_max);
}

bool Spool::take_room(const RequestId& run, TimePoint started, std::uint64_t bytes)
{
    const std::scoped_lock lock{mutex_};
    if (!make_room(run, bytes)) return false;
    auto& entry = entries_[run];
    entry.started = started;
    entry.is_coming_in = true;
    entry.output_bytes += bytes;
    total_bytes_ += bytes;
    return true;
}

void Spool::end_of_input(const RequestId& run)
{
    const std::scoped_lock lock{mutex_};
    if (const auto at = entries_.find(run); at != entries_.end()) at->second.is_coming_in = false;
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

}  // namespace tailops::call
