#include "gateway/audit/recovery.hpp"

#include "gateway/audit/lines.hpp"
#include "gateway/audit/open_intents.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

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

/// Moves what stands behind `end` to audit.torn, so that nothing is lost to a later look.
Status set_aside(const Directory& directory,
                 const FileDescriptor& file,
                 std::uint64_t end,
                 std::uint64_t bytes)
{
    TAILOPS_TRY(const auto torn, read_at(file, end, static_cast<std::size_t>(bytes - end)));
    TAILOPS_TRY(const auto aside, directory.open_file(torn_file, O_WRONLY | O_APPEND | O_CREAT));
    std::string_view rest = torn;
    while (!rest.empty()) {
        const auto count = ::write(aside.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail(unwritable("write to audit.torn", errno));
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(aside.get()) != 0) return fail(unwritable("fsync of audit.torn", errno));
    if (::ftruncate(file.get(), static_cast<off_t>(end)) != 0 || ::fsync(file.get()) != 0) {
        return fail(unwritable("cutting off a torn end", errno));
    }
    return {};
}

Result<std::vector<std::string>> find_open_intents(const FileDescriptor& file, std::uint64_t bytes)
{
    OpenIntents open{open_intents_max};
    LineReader lines{file, bytes};
    for (;;) {
        TAILOPS_TRY(const auto line, lines.next());
        if (!line) return open.bodies();
        const auto frame = parse_frame(line->text);
        if (!frame) continue;  // for verify to tell of; here it would only stand in the way
        const auto heading = read_heading(frame->body);
        const std::string request{heading.request};
        if (heading.is_open_intent) {
            open.open(request, std::string{frame->body});
        } else if (heading.phase == to_string(LineKind::outcome)) {
            open.close(request);
        }
    }
}

/// The first line of a file: its number, and that it was sealed with our key.
Result<std::uint64_t> check_first_line(const FileDescriptor& file,
                                       std::uint64_t bytes,
                                       const KeyedMac& mac)
{
    LineReader lines{file, bytes};
    TAILOPS_TRY(const auto line, lines.next());
    if (!line) return damaged("the file is empty");
    TAILOPS_TRY(const auto frame, parse_frame(line->text));
    TAILOPS_TRY(const auto stored, decode_line(line->text));
    if (stored.kind != LineKind::file) return damaged("the file does not begin with its header");
    if (stored.key_id != mac.key_id()) {
        return damaged("it is sealed with key " + stored.key_id + ", not with " + mac.key_id());
    }
    return frame.seq;
}

/// Takes up one file. Leaves `found.position` at the start when it holds no record.
Status take_up(const Directory& directory, std::string_view name, KeyedMac& mac, Recovered& found)
{
    TAILOPS_TRY(const auto file, directory.open_file(name, O_RDWR));
    const auto bytes = identify(file).bytes;
    TAILOPS_TRY(const auto tail, find_tail(file, bytes));
    if (tail.end < bytes) {
        found.torn_bytes += bytes - tail.end;
        if (auto moved = set_aside(directory, file, tail.end, bytes); !moved) return moved;
    }
    if (tail.line.empty()) return {};

    TAILOPS_TRY(found.first_seq, check_first_line(file, tail.end, mac));
    TAILOPS_TRY(const auto frame, parse_frame(tail.line));
    if (!mac.matches(frame)) return damaged("its last record was changed");
    found.position = {.next_seq = frame.seq + 1, .prev = std::string{frame.mac}};
    found.bytes = tail.end;
    if (read_heading(frame.body).phase != to_string(LineKind::close)) {
        TAILOPS_TRY(found.intents, find_open_intents(file, tail.end));
    }
    return {};
}

}  // namespace

Result<Recovered> recover(const Directory& directory, KeyedMac& mac)
{
    Recovered found;
    if (directory.identify(current_file)) {
        if (auto taken = take_up(directory, current_file, mac, found); !taken) {
            return fail(taken.error());
        }
        if (found.position.next_seq > 1) {
            found.has_current = true;
            return found;
        }
        // Empty: the crash came between making the file and its first line.
        if (auto removed = directory.remove(current_file); !removed) return fail(removed.error());
    }
    TAILOPS_TRY(const auto rotated, directory.rotated_files());
    if (rotated.empty()) return found;
    if (auto taken = take_up(directory, rotated.back(), mac, found); !taken) {
        return fail(taken.error());
    }
    if (found.position.next_seq == 1) return damaged(rotated.back() + " holds no record");
    return found;
}

}  // namespace tailops::audit
