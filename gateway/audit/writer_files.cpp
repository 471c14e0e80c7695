#include "gateway/audit/encoding.hpp"
#include "gateway/audit/writer.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>

/// What the writer does with files: begins, puts aside, removes and ends them.
namespace tailops::audit {

Status Writer::begin()
{
    const auto current_seq =
        recovered_.has_current ? recovered_.extent.first_seq : position_.next_seq;
    TAILOPS_TRY(auto found, shelf_.survey(directory_, mac_, recovered_.oldest_seq, current_seq));
    for (const auto& strange : found.strange) log(Event::trail_file_strange, {{"why", strange}});
    losses_ = std::move(found.losses);
    oldest_seq_ = recovered_.oldest_seq;
    if (oldest_seq_ == 0) oldest_seq_ = shelf_.size() > 0 ? shelf_.oldest().first_seq : current_seq;
    for (const auto& intent : recovered_.intents) {
        open_.open(std::string{read_heading(intent).request}, intent);
    }
    if (recovered_.has_current) {
        TAILOPS_TRY(file_, TrailFile::resume(directory_, recovered_.extent));
        is_at_rest_ = recovered_.has_ended_in_order;
    } else {
        const auto bodies = open_.bodies();
        TAILOPS_TRY(file_, TrailFile::begin(directory_, {bodies, oldest_seq_, clock_.now()},
                                            position_, mac_));
        is_at_rest_ = false;
    }
    note_durable();
    return {};
}

void Writer::record_recovery()
{
    Batch batch;
    const auto time = clock_.now();
    const auto say = [&](std::string body) {
        batch.push_back({.body = std::move(body), .is_kept = true});
    };
    if (recovered_.torn_bytes > 0) {
        say(encode_event_body(
            std::to_string(recovered_.torn_bytes) + " bytes of a torn write moved to audit.torn",
            time));
    }
    if (!recovered_.has_ended_in_order) {
        say(encode_unclean_body(recovered_.position.next_seq - 1, time));
    }
    for (const auto& loss : losses_) {
        log(Event::trail_lost, {{"first", std::to_string(loss.first_seq)},
                                {"last", std::to_string(loss.last_seq)},
                                {"why", loss.why}});
        say(encode_loss_body(loss, time));
        if (loss.first_seq == oldest_seq_) oldest_seq_ = loss.last_seq + 1;
    }
    for (const auto& intent : recovered_.intents) {
        constexpr auto detail = "the gateway ended before the outcome was known";
        batch.push_back({.body = unknown_outcome_body(intent, detail, time),
                         .request = std::string{read_heading(intent).request},
                         .mark = Submission::Mark::closes,
                         .is_kept = true});
    }
    counters_.recovered = recovered_.intents.size();
    if (batch.empty()) return;
    if (!recovered_.has_ended_in_order) recovering_ = recovered_.intents.size();
    recovered_.intents.clear();
    // Durable before the first call of this run.
    auto written = write(batch, Sync::always);
    conclude(std::move(batch), std::move(written));
}

Status Writer::leave_lock_note(std::string_view text) const
{
    return write_at(directory_.disk(), lock_, text, 0, lock_file);
}

Status Writer::rotate()
{
    if (auto sound = file_->check(); !sound) return sound;
    if (auto synced = file_->sync(); !synced) return synced;
    const auto aside = rotated_name(file_->first_seq());
    if (directory_.identify(aside)) {
        return fail(Error{Errc::unavailable, "the audit trail cannot be written"}.with_detail(
            aside + " is in the way of rotation and not the gateway's; move it elsewhere"));
    }
    if (auto renamed = directory_.rename(current_file, aside); !renamed) return renamed;
    const auto bodies = open_.bodies();
    auto next = TrailFile::begin(directory_, {bodies, oldest_seq_, clock_.now()}, position_, mac_);
    if (!next) {
        // Back to where we were. Should this fail too, check() says so at each attempt.
        static_cast<void>(directory_.rename(aside, current_file));
        return fail(next.error());
    }
    file_ = *std::move(next);
    is_at_rest_ = false;
    note_durable();
    {
        const std::scoped_lock lock{mutex_};
        ++counters_.rotations;
        counters_.syncs += 2;
    }
    if (auto file = read_shelved(directory_, aside, mac_)) {
        shelf_.add(*std::move(file));
    } else {
        log(Event::trail_file_strange, {{"why", file.error().describe()}});
    }
    retain();
    return {};
}

void Writer::retain()
{
    while (shelf_.size() + 1 > settings_.files_max) {
        if (const auto dropped = drop_oldest(); !dropped) {
            // Too many files are no reason to refuse calls; the next rotation tries again.
            log(Event::trail_retention_failed, {{"why", dropped.error().describe()}});
            return;
        }
    }
}

Status Writer::drop_oldest()
{
    const auto file = shelf_.oldest();
    if (auto ours = shelf_.check_oldest(directory_, mac_); !ours) {
        // Whoever has put something in its place may not have us say that we removed it.
        const Loss loss{.first_seq = file.first_seq,
                        .last_seq = file.last_seq,
                        .why = file.name + " is gone or was changed, and not by the gateway"};
        log(Event::trail_lost, {{"first", std::to_string(loss.first_seq)},
                                {"last", std::to_string(loss.last_seq)},
                                {"why", ours.error().describe()}});
        TAILOPS_CHECK(append_and_sync(encode_loss_body(loss, clock_.now())));
        oldest_seq_ = std::max(oldest_seq_, file.last_seq + 1);
        shelf_.drop_oldest();
        return {};
    }
    if (file.last_seq >= oldest_seq_) {
        const Removal removal{.file = file.name,
                              .first_seq = file.first_seq,
                              .last_seq = file.last_seq,
                              .last_mac = file.last_mac};
        // First the word of it, on stable storage, then the deed.
        TAILOPS_CHECK(append_and_sync(encode_removal_body(removal, clock_.now())));
        oldest_seq_ = file.last_seq + 1;
    }
    TAILOPS_CHECK(directory_.remove(file.name));
    shelf_.drop_oldest();
    return directory_.sync();
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
    note_durable();
    const std::scoped_lock lock{mutex_};
    ++counters_.syncs;
    return {};
}

void Writer::close()
{
    // With a call still open there is no order to speak of: start-up must look for it.
    if (is_at_rest_ || !open_.empty() || !health()) return;
    if (auto closed = append_and_sync(encode_close_body(oldest_seq_, clock_.now())); !closed) {
        log(Event::trail_unwritable, {{"why", closed.error().describe()}});
    }
}

}  // namespace tailops::audit
