#include "gateway/audit/jsonl_trail.hpp"

#include "gateway/audit/encoding.hpp"
#include "gateway/audit/writer.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tailops::audit {
namespace {

namespace asio = boost::asio;

constexpr std::size_t key_bytes_min = 32;

/// Submits and waits until the writer has an answer; resumes on the caller's own executor. It looks
/// at no cancellation slot, so a cancelled caller waits on until its record is where it belongs.
Task<Status> submit_and_wait(Writer& writer, Submission submission)
{
    auto initiate = [](auto handler, Writer& where, Submission what) {
        const auto home = asio::get_associated_executor(handler);
        what.waiter.home = asio::prefer(home, asio::execution::outstanding_work.tracked);
        what.waiter.resume = [handler = std::move(handler)](Status status) mutable {
            std::move(handler)(std::move(status));
        };
        where.submit(std::move(what));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
        initiate, asio::use_awaitable, std::ref(writer), std::move(submission));
}

Submission submission_of(const Record& record, TimePoint time)
{
    Submission submission{.body = encode_body(record, time), .request = record.request.str()};
    if (record.request.empty()) return submission;
    submission.caller = record.subject;
    if (record.phase == Phase::intent && record.outcome.empty()) {
        submission.mark = Submission::Mark::opens;
    } else if (record.phase == Phase::outcome) {
        submission.mark = Submission::Mark::closes;
        submission.is_kept = true;
    }
    return submission;
}

Status check(const TrailSettings& settings)
{
    const auto bad = [](std::string why) { return fail(Errc::invalid_argument, std::move(why)); };
    if (settings.directory.empty()) return bad("the audit trail needs a directory");
    if (settings.files_max < 2 || settings.files_max > 512) {
        return bad("the audit trail keeps 2 to 512 files");
    }
    if (settings.rotate_bytes == 0) return bad("an audit file needs room for a record");
    if (settings.open_intents_max == 0) return bad("the audit trail needs room for an open call");
    if (settings.queue_bytes_max < 2 * line_bytes_max) {
        return bad("the audit queue needs room for at least 512 KiB");
    }
    if (settings.key && settings.key->reveal().size() < key_bytes_min) {
        return bad("audit.key must have at least 32 bytes; make one with `openssl rand -hex 32`");
    }
    return {};
}

}  // namespace

JsonlTrail::JsonlTrail(std::unique_ptr<Writer> writer, const Clock& clock, bool lacks_its_past)
    : writer_{std::move(writer)},
      clock_{clock},
      lacks_its_past_{lacks_its_past}
{
}

JsonlTrail::~JsonlTrail() = default;

Result<std::unique_ptr<JsonlTrail>> JsonlTrail::open(TrailSettings settings, const Clock& clock)
{
    if (auto valid = check(settings); !valid) return fail(valid.error());
    TAILOPS_TRY(auto directory,
                Directory::open(settings.directory, Directory::Purpose::writing, settings.disk));
    TAILOPS_TRY(auto lock, lock_trail(directory));
    const bool has_key = !settings.key && read_key(directory).has_value();
    if (!settings.key) {
        TAILOPS_TRY(settings.key, read_or_make_key(directory));
    }
    KeyedMac mac{*settings.key};
    TAILOPS_TRY(auto recovered, recover(directory, mac));
    const bool lacks_its_past = has_key && recovered.position.next_seq == 1;
    TAILOPS_TRY(auto writer, Writer::start({.settings = std::move(settings),
                                            .directory = std::move(directory),
                                            .lock = std::move(lock),
                                            .mac = std::move(mac),
                                            .recovered = std::move(recovered)},
                                           clock));
    return std::unique_ptr<JsonlTrail>{new JsonlTrail{std::move(writer), clock, lacks_its_past}};
}

Task<Status> JsonlTrail::append(Record record, Durability durability)
{
    auto submission = submission_of(record, clock_.now());
    if (durability == Durability::buffered) {
        switch (writer_->try_queue(submission)) {
        case Writer::Queued::queued: co_return Status{};
        case Writer::Queued::full: co_return Writer::full();
        case Writer::Queued::failing: break;
        }
    }
    co_return co_await submit_and_wait(*writer_, std::move(submission));
}

Task<Status> JsonlTrail::flush()
{
    return submit_and_wait(*writer_, Submission{});
}

Status JsonlTrail::leave_lock_note(std::string_view text)
{
    return writer_->leave_lock_note(text);
}

Status JsonlTrail::health() const
{
    return writer_->health();
}

TrailHead JsonlTrail::head() const
{
    return writer_->head();
}

TrailCounters JsonlTrail::counters() const
{
    return writer_->counters();
}

}  // namespace tailops::audit
