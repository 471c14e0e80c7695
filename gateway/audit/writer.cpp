#include "gateway/audit/writer.hpp"

#include "gateway/audit/lines.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

namespace tailops::audit {
namespace {

using std::chrono::steady_clock;

// Fewer callers than this gain nothing from waiting for one another.
constexpr std::size_t linger_callers_min = 4;
// A batch lingers for a quarter of what a sync costs, so that its gain (one sync) outweighs it.
constexpr int linger_share = 4;
constexpr auto linger_max = std::chrono::milliseconds{2};
// A queued record costs its body and about this much.
constexpr std::size_t submission_bytes = sizeof(Submission) + 64;

std::size_t cost(const Submission& submission)
{
    return submission.body.size() + submission_bytes;
}

std::size_t count_waiting(std::span<const Submission> batch)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(batch, [](const auto& item) { return bool{item.waiter}; }));
}

std::string event_body(std::string detail, TimePoint time)
{
    return encode_body({.phase = Phase::event, .name = "trail", .detail = std::move(detail)}, time);
}

}  // namespace

Writer::Writer(Opened opened, const Clock& clock)
    : settings_{std::move(opened.settings)},
      clock_{clock},
      directory_{std::move(opened.directory)},
      lock_{std::move(opened.lock)},
      mac_{std::move(opened.mac)},
      recovered_{std::move(opened.recovered)},
      position_{recovered_.position},
      open_{settings_.open_intents_max}
{
}

Result<std::unique_ptr<Writer>> Writer::start(Opened opened, const Clock& clock)
{
    std::unique_ptr<Writer> writer{new Writer{std::move(opened), clock}};
    if (auto begun = writer->begin(); !begun) return fail(begun.error());
    writer->record_recovery();
    auto* const self = writer.get();
    writer->thread_ = std::jthread{[self] { self->run(); }};
    return writer;
}

Writer::~Writer()
{
    {
        const std::scoped_lock lock{mutex_};
        is_stopping_ = true;
    }
    ready_.notify_one();
}

Status Writer::begin()
{
    if (recovered_.has_current) {
        TAILOPS_TRY(file_, TrailFile::resume(directory_, settings_.sync, recovered_.bytes,
                                             recovered_.first_seq));
        return {};
    }
    // The calls that the last run left open are settled right below; nothing is carried over.
    TAILOPS_TRY(file_,
                TrailFile::begin(directory_, settings_.sync, {{}, clock_.now()}, position_, mac_));
    return {};
}

void Writer::record_recovery()
{
    Batch batch;
    const auto time = clock_.now();
    if (recovered_.torn_bytes > 0) {
        auto body = event_body(
            std::to_string(recovered_.torn_bytes) + " bytes of a torn write moved to audit.torn",
            time);
        batch.push_back({.body = std::move(body), .is_kept = true});
    }
    for (const auto& intent : recovered_.intents) {
        constexpr auto detail = "the gateway ended before the outcome was known";
        batch.push_back({.body = unknown_outcome_body(intent, detail, time), .is_kept = true});
    }
    counters_.recovered = recovered_.intents.size();
    if (batch.empty()) return;
    log(Event::trail_recovered, {{"calls", std::to_string(recovered_.intents.size())},
                                 {"torn_bytes", std::to_string(recovered_.torn_bytes)}});
    recovered_.intents.clear();
    // Durable before the first call of this run.
    auto written = write(batch, Sync::always);
    conclude(std::move(batch), std::move(written));
}

void Writer::submit(Submission submission)
{
    {
        const std::scoped_lock lock{mutex_};
        if (has_room(submission)) {
            enqueue(std::move(submission));
            return;
        }
        ++counters_.refused;
    }
    tell({&submission.waiter, 1},
         fail(Errc::unavailable, "the audit trail is too far behind; try again"));
}

Writer::Queued Writer::try_queue(Submission& submission)
{
    const std::scoped_lock lock{mutex_};
    if (failure_) return Queued::failing;
    if (!has_room(submission)) {
        ++counters_.refused;
        return Queued::full;
    }
    submission.is_kept = true;
    enqueue(std::move(submission));
    return Queued::queued;
}

bool Writer::has_room(const Submission& submission) const
{
    return !is_stopping_ && queue_bytes_ + cost(submission) <= settings_.queue_bytes_max;
}

void Writer::enqueue(Submission submission)
{
    const bool was_empty = queue_.empty();
    const bool was_low = queue_bytes_ < settings_.queue_bytes_max / 4;
    queue_bytes_ += cost(submission);
    if (submission.waiter) ++waiting_;
    const bool wakes = submission.waiter && waiting_ == wake_at_;
    queue_.push_back(std::move(submission));
    const bool is_low = queue_bytes_ < settings_.queue_bytes_max / 4;
    if (was_empty || wakes || (was_low && !is_low)) ready_.notify_one();
}

Status Writer::health() const
{
    const std::scoped_lock lock{mutex_};
    if (failure_) return fail(*failure_);
    return {};
}

TrailCounters Writer::counters() const
{
    const std::scoped_lock lock{mutex_};
    auto counters = counters_;
    counters.queued = queue_.size();
    return counters;
}

void Writer::run()
{
    for (;;) {
        auto batch = take_batch();
        bool is_failing = false;
        {
            const std::scoped_lock lock{mutex_};
            is_failing = failure_.has_value();
            if (is_stopping_ && batch.empty()) break;
        }
        if (batch.empty() && !is_failing) continue;
        auto written = write(batch);
        const bool failed = !written;
        conclude(std::move(batch), std::move(written));
        const std::scoped_lock lock{mutex_};
        if (is_stopping_ && failed) break;
    }
    close();
}

void Writer::await_work(Lock& lock)
{
    const auto has_waiters = [this] { return waiting_ >= wake_at_ || is_stopping_; };
    wake_at_ = 1;
    if (failure_) {
        ready_.wait_for(lock, settings_.retry_interval, has_waiters);
        return;
    }
    ready_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
    ready_.wait_for(lock, settings_.flush_interval, [this, &has_waiters] {
        return has_waiters() || queue_bytes_ >= settings_.queue_bytes_max / 4;
    });
    // The callers of the last batch are on their way back. A moment's patience puts them into one
    // batch; without it each batch would leave with the first to arrive.
    if (expected_ < linger_callers_min || waiting_ == 0 || waiting_ >= expected_) return;
    wake_at_ = expected_;
    ready_.wait_for(lock, std::min<steady_clock::duration>(last_sync_ / linger_share, linger_max),
                    has_waiters);
    wake_at_ = 1;
}

Writer::Batch Writer::take_batch()
{
    Lock lock{mutex_};
    await_work(lock);
    Batch batch;
    batch.swap(queue_);
    queue_bytes_ = 0;
    waiting_ = 0;
    return batch;
}

Status Writer::write(const Batch& batch, Sync sync)
{
    const auto failing = !health();
    const bool is_durable = sync == Sync::always || failing || count_waiting(batch) > 0;
    if (file_->bytes() >= settings_.rotate_bytes) {
        if (auto rotated = rotate(); !rotated) return rotated;
    }
    auto position = position_;
    lines_.clear();
    if (failing)
        seal(lines_, event_body("the trail can be written again", clock_.now()), position, mac_);
    for (const auto& item : batch) {
        if (!item.body.empty()) seal(lines_, item.body, position, mac_);
    }
    const auto before = file_->bytes();
    if (auto appended = file_->append(lines_); !appended) return appended;
    if (is_durable) {
        const auto began = steady_clock::now();
        if (auto synced = file_->sync(); !synced) {
            file_->take_back(before);
            return synced;
        }
        last_sync_ = steady_clock::now() - began;
    }
    is_at_rest_ = is_at_rest_ && lines_.empty();
    position_ = std::move(position);
    const std::scoped_lock lock{mutex_};
    ++counters_.batches;
    counters_.syncs += is_durable ? 1 : 0;
    counters_.records += static_cast<std::uint64_t>(
        std::ranges::count_if(batch, [](const auto& item) { return !item.body.empty(); }));
    return {};
}

void Writer::conclude(Batch batch, Status written)
{
    if (written) note_open_intents(batch);
    note_health(written);

    std::vector<Waiter> waiting;
    waiting.reserve(count_waiting(batch));
    for (auto& item : batch) {
        if (item.waiter) waiting.push_back(std::exchange(item.waiter, {}));
    }
    {
        const std::scoped_lock lock{mutex_};
        if (!written) {
            counters_.refused += waiting.size();
            keep_for_later(batch);
        }
        expected_ = waiting.size() + waiting_;
    }
    tell(waiting, written);
}

void Writer::keep_for_later(Batch& batch)
{
    std::erase_if(batch, [](const auto& item) { return !item.is_kept || item.body.empty(); });
    for (const auto& item : batch) queue_bytes_ += cost(item);
    batch.insert(batch.end(), std::make_move_iterator(queue_.begin()),
                 std::make_move_iterator(queue_.end()));
    queue_ = std::move(batch);
}

void Writer::note_open_intents(Batch& batch)
{
    for (auto& item : batch) {
        if (item.mark == Submission::Mark::closes) open_.close(item.request);
        if (item.mark != Submission::Mark::opens) continue;
        const auto given_up = open_.open(item.request, std::move(item.body));
        if (!given_up) continue;
        constexpr auto detail = "no outcome was recorded while many later calls began";
        const std::scoped_lock lock{mutex_};
        enqueue({.body = unknown_outcome_body(*given_up, detail, clock_.now()), .is_kept = true});
    }
}

void Writer::note_health(const Status& written)
{
    bool was_failing = false;
    {
        const std::scoped_lock lock{mutex_};
        was_failing = failure_.has_value();
        if (written)
            failure_.reset();
        else
            failure_ = written.error();
    }
    if (written && was_failing) log(Event::trail_writable_again);
    if (!written && !was_failing) {
        log(Event::trail_unwritable, {{"why", written.error().describe()}});
    }
}

Status Writer::rotate()
{
    if (auto sound = file_->check(); !sound) return sound;
    if (auto synced = file_->sync(); !synced) return synced;
    const auto aside = rotated_name(file_->first_seq());
    if (auto renamed = directory_.rename(current_file, aside); !renamed) return renamed;
    const auto bodies = open_.bodies();
    auto next =
        TrailFile::begin(directory_, settings_.sync, {bodies, clock_.now()}, position_, mac_);
    if (!next) {
        // Back to where we were. Should this fail too, check() says so at each attempt.
        static_cast<void>(directory_.rename(aside, current_file));
        return fail(next.error());
    }
    file_ = *std::move(next);
    is_at_rest_ = false;
    {
        const std::scoped_lock lock{mutex_};
        ++counters_.rotations;
        counters_.syncs += 2;
    }
    retain();
    return {};
}

void Writer::retain()
{
    auto names = directory_.rotated_files();
    auto kept = Status{};
    for (std::size_t i = 0; names && kept && names->size() - i + 1 > settings_.files_max; ++i) {
        kept = drop((*names)[i]);
    }
    if (names && kept) return;
    // Too many files are no reason to refuse calls; the next rotation tries again.
    const auto why = names ? kept.error().describe() : names.error().describe();
    log(Event::trail_retention_failed, {{"why", why}});
}

Status Writer::drop(const std::string& name)
{
    Removal removal{.file = name};
    {
        TAILOPS_TRY(const auto file, directory_.open_file(name, O_RDONLY));
        ReverseLineReader lines{file, identify(file).bytes};
        TAILOPS_TRY(const auto last, lines.next());
        if (!last) return fail(Errc::unavailable, "an audit file to be removed holds no record");
        TAILOPS_TRY(const auto frame, parse_frame(last->text));
        removal.last_seq = frame.seq;
        removal.last_mac = frame.mac;
    }
    // First the word of it, on stable storage, then the deed.
    const auto body = encode_removal_body(removal, clock_.now());
    if (auto said = append_and_sync(body); !said) return said;
    return directory_.remove(name);
}

Status Writer::append_and_sync(std::string_view body)
{
    auto position = position_;
    std::string line;
    seal(line, body, position, mac_);
    const auto before = file_->bytes();
    if (auto appended = file_->append(line); !appended) return appended;
    if (auto synced = file_->sync(); !synced) {
        file_->take_back(before);
        return synced;
    }
    position_ = std::move(position);
    const std::scoped_lock lock{mutex_};
    ++counters_.syncs;
    return {};
}

void Writer::close()
{
    // With a call still open there is no order to speak of: start-up must look for it.
    if (is_at_rest_ || !open_.empty() || !health()) return;
    if (auto closed = append_and_sync(encode_close_body(clock_.now())); !closed) {
        log(Event::trail_unwritable, {{"why", closed.error().describe()}});
    }
}

}  // namespace tailops::audit
