#include "gateway/runs/record_log.hpp"

#include "gateway/core/try.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tailops::runs {
namespace {

constexpr std::size_t line_bytes_max = 1024 * 1024;
constexpr std::size_t chunk_bytes = 256 * 1024;

std::unexpected<Error> not_written(int error_number)
{
    return fail(
        Error{Errc::unavailable, "the gateway's disk does not keep records of runs"}.with_detail(
            "spool: " + std::generic_category().message(error_number)));
}

}  // namespace

Result<RecordLog> RecordLog::open(const SpoolFiles& files)
{
    TAILOPS_TRY(auto file, files.open_records());
    TAILOPS_TRY(const auto bytes, size_of(file));
    return RecordLog{std::move(file), bytes};
}

Status RecordLog::read(const Show& show)
{
    std::string waiting;       // the beginning of a line that has not ended yet
    std::uint64_t begin = 0;   // of that line
    bool is_too_long = false;  // that line: its beginning is gone
    for (std::uint64_t at = 0; at < bytes_;) {
        const auto chunk = read_range(file_, at, chunk_bytes);
        if (chunk.empty()) break;
        std::string_view left{chunk};
        for (auto end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
            waiting += left.substr(0, end);
            const auto line_bytes = at + end - begin;
            if (!is_too_long) show(waiting, {.offset = begin, .bytes = line_bytes});
            is_too_long = false;
            waiting.clear();
            left.remove_prefix(end + 1);
            at += end + 1;
            begin = at;
        }
        waiting += left;
        at += left.size();
        if (waiting.size() > line_bytes_max) {
            is_too_long = true;
            waiting.clear();
        }
    }
    if (begin == bytes_) return {};
    if (::ftruncate(file_.get(), static_cast<off_t>(begin)) != 0) return not_written(errno);
    bytes_ = begin;
    return {};
}

Result<std::uint64_t> RecordLog::append(std::string_view lines)
{
    int error_number = 0;
    // To the namesake in spool_files.hpp.
    if (tailops::runs::append(file_, lines, error_number) == lines.size()) {
        return std::exchange(bytes_, bytes_ + lines.size());
    }
    // Half a line would spoil the one after it: where even this fails, that one is lost.
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) {
        bytes_ = size_of(file_).value_or(bytes_);
    }
    return not_written(error_number);
}

Status RecordLog::keep_only(const SpoolFiles& files, std::span<Place> lines)
{
    TAILOPS_TRY(auto file, files.create_next_records());
    RecordLog next{std::move(file), 0};
    auto places = copy_to(next, lines);
    auto done = places ? files.put_next_records_in_place(next.file_) : fail(places.error());
    if (!done) {
        // It would hold room that the disk may be lacking just now.
        files.drop_next_records();
        return done;
    }
    std::ranges::copy(*places, lines.begin());
    *this = std::move(next);
    return {};
}

Result<std::vector<RecordLog::Place>> RecordLog::copy_to(RecordLog& next,
                                                         std::span<const Place> lines) const
{
    std::vector<Place> places;
    places.reserve(lines.size());
    std::string waiting;
    for (const auto& line : lines) {
        places.push_back({.offset = next.bytes_ + waiting.size(), .bytes = line.bytes});
        const auto text = read_range(file_, line.offset, line.bytes);
        if (text.size() < line.bytes) return not_written(EIO);
        waiting += text;
        waiting += '\n';
        if (waiting.size() < chunk_bytes) continue;
        TAILOPS_CHECK(next.append(waiting));
        waiting.clear();
    }
    TAILOPS_CHECK(next.append(waiting));
    return places;
}

}  // namespace tailops::runs
