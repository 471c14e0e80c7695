#include "gateway/audit/recovery.hpp"

#include "gateway/audit/lines.hpp"
#include "gateway/audit/open_intents.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace tailops::audit {
namespace {

// More than the largest batch that one write(2) carries: a crash can tear no more than that.
constexpr std::size_t torn_bytes_max = 16 * 1024 * 1024;
// Of one crashed file; as many as the writer ever keeps open, and some.
constexpr std::size_t open_intents_max = 65'536;

std::unexpected<Error> damaged(std::string detail)
{
    return fail(
        Error{Errc::unavailable,
              "the audit trail does not continue; run `tailops audit verify` and, once it is "
              "understood, move its files aside"}
            .with_detail(std::move(detail)));
}

/// The last line that is a record, and where it ends.
struct Tail {
    std::string line;  // empty: there is none
    std::uint64_t end{0};
};

/// One file of the trail, opened to be taken up.
struct Found {
    std::string name;
    FileDescriptor file;
    std::uint64_t bytes{0};
    Tail tail{};
};

/// Looks for it in the last `window` bytes.
Result<Tail> find_tail(const FileDescriptor& file, std::uint64_t bytes, std::size_t window)
{
    const auto begin = bytes > window ? bytes - window : 0;
    TAILOPS_TRY(const auto text, read_at(file, begin, static_cast<std::size_t>(bytes - begin)));
    auto end = text.rfind('\n');
    while (end != std::string::npos) {
        const auto before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
        if (before == std::string::npos && begin != 0) break;  // its beginning is not in sight
        const auto from = before == std::string::npos ? 0 : before + 1;
        const auto line = std::string_view{text}.substr(from, end - from);
        if (parse_frame(line)) return Tail{.line = std::string{line}, .end = begin + end + 1};
        end = before;
    }
    return Tail{};
}

Result<Tail> find_tail(const FileDescriptor& file, std::uint64_t bytes)
{
    TAILOPS_TRY(auto tail, find_tail(file, bytes, 2 * line_bytes_max));
    if (tail.line.empty() && bytes > 2 * line_bytes_max) {
        TAILOPS_TRY(tail, find_tail(file, bytes, torn_bytes_max));
    }
    if (tail.line.empty() && bytes > torn_bytes_max) return damaged("its end holds no record");
    return tail;
}

/// Whether a crash can have left `rest` where the next line belongs to `due`: a beginning of that
/// line, or of nothing at all. Bytes that never came are zeros on some file systems.
bool can_be_torn(std::string_view rest, const ChainPosition& due)
{
    // By an algorithm: g++ 12 takes the length of find()'s search for an endless one.
    const std::string_view filled{rest.begin(), std::ranges::find(rest, '\0')};
    const bool has_line_end = std::ranges::find(rest, '\n') != rest.end();
    if (filled.size() == rest.size() && has_line_end) return false;
    const auto expected =
        R"({"seq":)" + std::to_string(due.next_seq) + R"(,"prev":")" + due.prev + R"(",)";
    const auto common = std::min(filled.size(), expected.size());
    return filled.substr(0, common) == std::string_view{expected}.substr(0, common);
}

/// Moves what stands behind the last record to audit.torn, so that nothing is lost to a later look.
Status set_aside(const Directory& directory, const Found& found, std::string_view torn)
{
    auto& disk = directory.disk();
    TAILOPS_TRY(const auto aside, directory.open_file(torn_file, O_WRONLY | O_CREAT));
    TAILOPS_CHECK(write_at(disk, aside, torn, identify(aside).bytes, torn_file));
    if (disk.sync(aside.get()) != 0) return fail(unwritable("fsync of audit.torn", errno));
    TAILOPS_CHECK(directory.sync());
    if (disk.truncate(found.file.get(), static_cast<off_t>(found.tail.end)) != 0 ||
        disk.sync(found.file.get()) != 0) {
        return fail(unwritable("cutting off a torn end", errno));
    }
    return {};
}

/// What the records of a file tell of calls, and of the trail itself.
class Reading {
public:
    explicit Reading(KeyedMac& mac) : mac_{mac} {}

    Status read(const FileDescriptor& file, std::uint64_t bytes)
    {
        LineReader lines{file, bytes};
        for (;;) {
            TAILOPS_TRY(const auto line, lines.next());
            if (!line) return {};
            // What is no record is for verify to tell of; here it would only stand in the way.
            if (const auto frame = parse_frame(line->text)) look_at(*frame, line->text);
        }
    }

    std::vector<std::string> intents() const { return open_.bodies(); }
    std::uint64_t oldest_seq() const noexcept { return oldest_seq_; }
    /// Whether there was nothing but what a file begins with.
    bool is_only_beginning() const noexcept { return is_only_beginning_; }

private:
    void look_at(const Frame& frame, std::string_view line)
    {
        const auto heading = read_heading(frame.body);
        const bool begins = heading.phase == to_string(LineKind::file) ||
                            heading.phase == to_string(LineKind::open);
        is_only_beginning_ = is_only_beginning_ && begins;
        if (heading.is_open_intent) {
            // A repetition stands for the intent of the file before, in its place.
            const std::string request{heading.request};
            if (heading.phase == to_string(LineKind::open) && open_.contains(request)) return;
            open_.open(request, std::string{frame.body});
        } else if (heading.phase == to_string(LineKind::outcome)) {
            open_.close(std::string{heading.request});
        } else if (heading.request.empty() &&
                   (has_number(frame.body, "oldest") || has_number(frame.body, "removed_seq") ||
                    has_number(frame.body, "lost_to"))) {
            // Sealed by us, or not to be believed: it says what may be missing.
            if (mac_.matches(frame)) follow_beginning(line);
        }
    }

    void follow_beginning(std::string_view line)
    {
        const auto stored = decode_line(line);
        if (!stored) return;
        if (stored->oldest_seq > 0) oldest_seq_ = stored->oldest_seq;
        if (oldest_seq_ == 0) return;
        if (stored->removed_seq >= oldest_seq_) oldest_seq_ = stored->removed_seq + 1;
        if (stored->lost_from == oldest_seq_) oldest_seq_ = stored->lost_to + 1;
    }

    KeyedMac& mac_;
    OpenIntents open_{open_intents_max};
    std::uint64_t oldest_seq_{0};
    bool is_only_beginning_{true};
};

/// The first line of a file, which must be ours, and where its records begin.
Result<TrailFile::Extent> measure(const Found& found, const KeyedMac& mac)
{
    LineReader lines{found.file, found.tail.end};
    TAILOPS_TRY(const auto line, lines.next());
    if (!line) return damaged("the file is empty");
    TAILOPS_TRY(const auto frame, parse_frame(line->text));
    TAILOPS_TRY(const auto stored, decode_line(line->text));
    if (stored.kind != LineKind::file) return damaged("the file does not begin with its header");
    if (stored.key_id != mac.key_id()) {
        return damaged("it is sealed with key " + stored.key_id + ", not with " + mac.key_id());
    }
    TrailFile::Extent extent{.bytes = found.tail.end, .first_seq = frame.seq};
    for (;;) {
        TAILOPS_TRY(const auto next, lines.next());
        extent.begun_bytes = next ? next->offset : found.tail.end;
        const auto at = next ? parse_frame(next->text) : fail(Errc::not_found, "the end");
        if (!at || read_heading(at->body).phase != to_string(LineKind::open)) return extent;
    }
}

Result<Found> look_up(const Directory& directory, std::string name, Repair repair)
{
    const int flags = repair == Repair::torn_end ? O_RDWR : O_RDONLY;
    TAILOPS_TRY(auto file, directory.open_file(name, flags));
    Found found{.name = std::move(name), .file = std::move(file)};
    found.bytes = identify(found.file).bytes;
    TAILOPS_TRY(found.tail, find_tail(found.file, found.bytes));
    return found;
}

/// Takes up what a file holds. Without a record in it nothing is taken up.
Status take_up(const Found& found, KeyedMac& mac, Recovered& recovered)
{
    if (found.tail.line.empty()) return {};
    TAILOPS_TRY(recovered.extent, measure(found, mac));
    TAILOPS_TRY(const auto frame, parse_frame(found.tail.line));
    if (!mac.matches(frame)) return damaged("its last record was changed");
    recovered.position = {.next_seq = frame.seq + 1, .prev = std::string{frame.mac}};
    return {};
}

/// Checks and moves away what stands behind the last record. `recovered.position` says what was
/// due there.
Status cut_torn_end(const Directory& directory,
                    const Found& found,
                    Repair repair,
                    Recovered& recovered)
{
    if (found.tail.end == found.bytes) return {};
    const auto bytes = found.bytes - found.tail.end;
    TAILOPS_TRY(const auto rest,
                read_at(found.file, found.tail.end, static_cast<std::size_t>(bytes)));
    if (!can_be_torn(rest, recovered.position)) {
        return damaged("the end of " + found.name + " (" + std::to_string(bytes) +
                       " bytes from byte " + std::to_string(found.tail.end) +
                       " on) is not what a crash leaves: it was changed");
    }
    recovered.torn_bytes += bytes;
    return repair == Repair::torn_end ? set_aside(directory, found, rest) : Status{};
}

/// What the run before has left open in its files, the newest of which is `newest`.
Status read_open_intents(const Directory& directory,
                         const Found& newest,
                         KeyedMac& mac,
                         Recovered& recovered)
{
    TAILOPS_TRY(const auto frame, parse_frame(newest.tail.line));
    if (read_heading(frame.body).phase == to_string(LineKind::close)) {
        TAILOPS_TRY(const auto closed, decode_line(newest.tail.line));
        recovered.oldest_seq = closed.oldest_seq;
        return {};
    }
    recovered.has_ended_in_order = false;
    Reading reading{mac};
    TAILOPS_CHECK(reading.read(newest.file, newest.tail.end));
    recovered.oldest_seq = reading.oldest_seq();
    recovered.intents = reading.intents();
    if (newest.name != current_file || !reading.is_only_beginning()) return {};
    // A crash while it was begun: all that was carried over stands in the file before as well.
    TAILOPS_TRY(const auto rotated, directory.rotated_files());
    if (rotated.empty()) return {};
    TAILOPS_TRY(const auto before, look_up(directory, rotated.back(), Repair::nothing));
    Reading both{mac};
    TAILOPS_CHECK(both.read(before.file, before.tail.end));
    TAILOPS_CHECK(both.read(newest.file, newest.tail.end));
    recovered.intents = both.intents();
    return {};
}

}  // namespace

Result<Recovered> recover(const Directory& directory, KeyedMac& mac, Repair repair)
{
    Recovered recovered;
    std::optional<Found> newest;
    std::optional<Found> unbegun;  // a current file without a record
    if (directory.identify(current_file)) {
        TAILOPS_TRY(newest, look_up(directory, std::string{current_file}, repair));
        if (newest->tail.line.empty()) unbegun = std::exchange(newest, std::nullopt);
    }
    recovered.has_current = newest.has_value();
    if (!newest) {
        TAILOPS_TRY(const auto rotated, directory.rotated_files());
        if (!rotated.empty()) {
            TAILOPS_TRY(newest, look_up(directory, rotated.back(), repair));
            if (newest->tail.line.empty()) return damaged(newest->name + " holds no record");
        }
    }
    if (newest) {
        TAILOPS_CHECK(take_up(*newest, mac, recovered));
        TAILOPS_CHECK(cut_torn_end(directory, *newest, repair, recovered));
        TAILOPS_CHECK(read_open_intents(directory, *newest, mac, recovered));
    }
    if (!unbegun) return recovered;
    // The crash came between making the file and its first line, or within that.
    TAILOPS_CHECK(cut_torn_end(directory, *unbegun, repair, recovered));
    if (repair == Repair::nothing) return recovered;
    TAILOPS_CHECK(directory.remove(current_file));
    return recovered;
}

}  // namespace tailops::audit
