#include "gateway/runs/spool_writer.hpp"

#include "gateway/async/blocking.hpp"
#include "gateway/core/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <system_error>

namespace tailops::runs {
namespace {

using targets::OutputStream;

// A script of ours says less than this before that of which it is asked.
constexpr std::size_t beginning_bytes_max = 64 * 1024;

std::size_t index_of(OutputStream stream) noexcept
{
    return stream == OutputStream::output ? 0 : 1;
}

OutputStream stream_of(std::size_t index) noexcept
{
    return index == 0 ? OutputStream::output : OutputStream::diagnostics;
}

}  // namespace

SpoolWriter::SpoolWriter(std::shared_ptr<Spool> spool, RunRecord record, std::string begins_after)
    : spool_{std::move(spool)},
      record_{std::move(record)},
      begins_after_{std::move(begins_after)},
      has_beginning_{begins_after_.empty()}
{
}

SpoolWriter::~SpoolWriter()
{
    for (const auto& bytes : waiting_) spool_->give_memory_back(bytes.size());
    if (has_begun_) spool_->end_of_input(record_.shown.id);
}

std::string_view SpoolWriter::after_the_beginning(std::string_view bytes)
{
    if (before_.size() > beginning_bytes_max) return {};
    const auto seen = before_.size();
    before_ += bytes;
    const auto at = before_.find(begins_after_, seen - std::min(seen, begins_after_.size()));
    if (at == std::string::npos) return {};
    has_beginning_ = true;
    const auto end = at + begins_after_.size();
    kept_.output.skipped_bytes = end;
    kept_.output.skipped_lines = targets::count_lines(std::string_view{before_}.substr(0, end));
    before_ = {};
    return bytes.substr(end - seen);
}

targets::OutputSink::Wants SpoolWriter::write(OutputStream stream, std::string_view bytes)
{
    const std::scoped_lock lock{mutex_};
    if (stream == OutputStream::output && !has_beginning_) bytes = after_the_beginning(bytes);
    if (!kept_.not_kept.empty()) return Wants::nothing;
    if (bytes.empty()) return Wants::more;
    has_begun_ = true;
    const auto limit = spool_->settings().run_bytes_max;
    const auto taken = bytes.substr(0, limit - accepted_bytes_);
    if (!spool_->take_memory(taken.size())) {
        kept_.not_kept = "the gateway's disk is too slow for this output";
        return Wants::nothing;
    }
    waiting_.at(index_of(stream)) += taken;
    accepted_bytes_ += taken.size();
    if (taken.size() < bytes.size()) {
        kept_.not_kept = "of one call the first " + std::to_string(limit) + " bytes are kept";
    }
    if (!is_flushing_) {
        is_flushing_ = true;
        boost::asio::post(spool_->blocking(), [self = shared_from_this()] { self->flush(); });
    }
    return kept_.not_kept.empty() ? Wants::more : Wants::nothing;
}

void SpoolWriter::flush()
{
    const std::scoped_lock files{files_mutex_};
    for (;;) {
        std::array<std::string, streams> batch;
        {
            const std::scoped_lock lock{mutex_};
            batch.swap(waiting_);
            const bool is_empty = std::ranges::all_of(batch, &std::string::empty);
            if (is_empty) is_flushing_ = false;
            if (is_empty) return;
        }
        for (std::size_t stream = 0; stream < streams; ++stream) {
            if (!batch.at(stream).empty()) put(stream, batch.at(stream));
            spool_->give_memory_back(batch.at(stream).size());
        }
    }
}

void SpoolWriter::put(std::size_t stream, std::string_view bytes)
{
    if (has_given_up()) return;
    const auto& id = record_.shown.id;
    if (!spool_->take_room(record_, bytes.size())) {
        give_up("the outputs of calls that still run fill the spool");
        return;
    }
    if (!open_files(stream)) return;
    int error_number = 0;
    const auto written = append(files_.at(stream), bytes, error_number);
    {
        const std::scoped_lock lock{mutex_};
        auto& kept = stream == 0 ? kept_.output : kept_.diagnostics;
        kept.bytes += written;
        kept.lines +=
            static_cast<std::uint64_t>(std::ranges::count(bytes.substr(0, written), '\n'));
    }
    if (written == bytes.size()) return;
    log(Event::spool_unwritable,
        {{"request", id.str()}, {"why", std::generic_category().message(error_number)}});
    give_up("the gateway's disk is full or failed");
}

/// The record first: an output without one is nobody's at the next start.
bool SpoolWriter::open_files(std::size_t stream)
{
    if (files_.at(stream).is_open()) return true;
    auto saved = has_record_ ? Status{} : spool_->save_now(record_);
    if (saved) {
        has_record_ = true;
        auto file = spool_->files_.create(record_.shown.id, stream_of(stream));
        if (file) {
            files_.at(stream) = *std::move(file);
            return true;
        }
        saved = fail(std::move(file).error());
    }
    log(Event::spool_unwritable,
        {{"request", record_.shown.id.str()}, {"why", saved.error().describe()}});
    give_up("the gateway's disk is full or failed");
    return false;
}

void SpoolWriter::give_up(std::string why)
{
    const std::scoped_lock lock{mutex_};
    has_failed_ = true;
    kept_.not_kept = std::move(why);
}

bool SpoolWriter::has_given_up() const
{
    const std::scoped_lock lock{mutex_};
    return has_failed_;
}

bool SpoolWriter::has_begun() const
{
    const std::scoped_lock lock{mutex_};
    return has_begun_;
}

Kept SpoolWriter::kept() const
{
    const std::scoped_lock lock{mutex_};
    return kept_;
}

Task<Kept> SpoolWriter::settle()
{
    auto finish = [self = shared_from_this()](std::stop_token) {
        self->flush();
        const std::scoped_lock files{self->files_mutex_};
        for (auto& file : self->files_) file = FileDescriptor{};
        return self->kept();
    };
    auto kept = co_await run_blocking(spool_->blocking(), std::move(finish));
    spool_->end_of_input(record_.shown.id);
    co_return kept;
}

}  // namespace tailops::runs
