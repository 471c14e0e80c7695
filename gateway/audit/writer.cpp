#include "gateway/audit/writer.hpp"

#include "gateway/audit/encoding.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

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
// What waits for a sync stays in memory (TrailFile), so it is not left to wait for ever.
constexpr std::size_t unsynced_bytes_max = 1024 * 1024;

std::size_t cost(const Submission& submission)
{
    return submission.body.size() + submission_bytes;
}

std::size_t count_waiting(std::span<const Submission> batch)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(batch, [](const auto& item) { return bool{item.waiter}; }));
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
      open_{std::max(settings_.open_intents_max, recovered_.intents.size())}
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
    tell({&submission.waiter, 1}, full());
}

Writer::Queued Writer::try_queue(Submission& submission)
{
    const std::scoped_lock lock{mutex_};
    if (failure_ && !is_owed(submission)) return Queued::failing;
    if (!has_room(submission)) {
        ++counters_.refused;
        return Queued::full;
    }
    submission.is_kept = true;
    enqueue(std::move(submission));
    return Queued::queued;
}

Status Writer::full()
{
    return fail(Errc::unavailable, "the audit trail is too far behind; try again");
}

bool Writer::has_room(const Submission& submission) const
{
    if (is_stopping_) return false;
    if (is_owed(submission)) return true;
    const auto bytes = cost(submission);
    if (queue_bytes_ + bytes > settings_.queue_bytes_max) return false;
    const auto own = bytes_of_.find(submission.caller);
    const auto share = std::max(settings_.queue_bytes_max / 4, line_bytes_max);
    return own == bytes_of_.end() || own->second + bytes <= share;
}

void Writer::count(const Submission& submission)
{
    queue_bytes_ += cost(submission);
    if (!submission.caller.empty()) bytes_of_[submission.caller] += cost(submission);
}

Writer::Batch Writer::empty_queue()
{
    queue_bytes_ = 0;
    bytes_of_.clear();
    waiting_ = 0;
    return std::exchange(queue_, {});
}

bool Writer::is_owed(const Submission& submission) const
{
    return submission.mark == Submission::Mark::closes && owed_.contains(submission.request);
}

void Writer::enqueue(Submission submission)
{
    if (submission.mark == Submission::Mark::opens) owed_.insert(submission.request);
    if (submission.mark == Submission::Mark::closes) owed_.erase(submission.request);
    const bool was_empty = queue_.empty();
    const bool was_low = queue_bytes_ < settings_.queue_bytes_max / 4;
    count(submission);
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

TrailHead Writer::head() const
{
    const std::scoped_lock lock{mutex_};
    return durable_head_;
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
    abandon_queue();
    close();
}

/// What came while the last attempt failed: nobody will try again.
void Writer::abandon_queue()
{
    Batch left;
    {
        const std::scoped_lock lock{mutex_};
        left = empty_queue();
    }
    std::vector<Waiter> waiting;
    std::size_t lost = 0;
    for (auto& item : left) {
        lost += item.body.empty() ? 0 : 1;
        if (item.waiter) waiting.push_back(std::exchange(item.waiter, {}));
    }
    if (lost > 0) {
        log(Event::trail_unwritable,
            {{"why", std::to_string(lost) + " records could not be written before the stop"}});
    }
    tell(waiting,
         fail(Errc::unavailable, "the gateway stops and its audit trail cannot be written"));
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
    return empty_queue();
}

Status Writer::write(const Batch& batch, Sync sync)
{
    const auto failing = !health();
    const bool is_durable = sync == Sync::always || failing || count_waiting(batch) > 0 ||
                            file_->unsynced_bytes() >= unsynced_bytes_max;
    // What a file begins with may be longer than that by itself, and would have each batch rotate.
    if (file_->bytes_of_records() >= settings_.rotate_bytes) {
        if (auto rotated = rotate(); !rotated) return rotated;
    }
    auto position = position_;
    lines_.clear();
    if (failing)
        seal(lines_, encode_event_body("the trail can be written again", clock_.now()), position,
             mac_);
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
    if (is_durable) note_durable();
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
    if (written && recovering_) {
        log(Event::trail_recovered, {{"calls", std::to_string(*recovering_)},
                                     {"torn_bytes", std::to_string(recovered_.torn_bytes)}});
        recovering_.reset();
    }
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
            for (const auto& item : batch) {
                const bool is_refused = item.mark == Submission::Mark::opens && !item.is_kept;
                if (is_refused) owed_.erase(item.request);
            }
            keep_for_later(batch);
        }
        expected_ = waiting.size() + waiting_;
    }
    tell(waiting, written);
}

void Writer::keep_for_later(Batch& batch)
{
    std::erase_if(batch, [](const auto& item) { return !item.is_kept || item.body.empty(); });
    for (const auto& item : batch) count(item);
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
        owed_.erase(std::string{read_heading(*given_up).request});
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

void Writer::note_durable()
{
    const std::scoped_lock lock{mutex_};
    durable_head_ = {.seq = position_.next_seq - 1, .mac = position_.prev};
}

}  // namespace tailops::audit
