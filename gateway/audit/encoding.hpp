#pragma once

#include "gateway/audit/record.hpp"
#include "gateway/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tailops::audit {

/// No line of a trail is longer; every text in a record is clipped so that this holds.
inline constexpr std::size_t line_bytes_max = 256 * 1024;

/// What a line is about. The first three are the phases of a Record; the others are the trail's
/// own.
enum class LineKind {
    intent,
    outcome,
    event,
    file,   // the first line of each file: format and key id
    open,   // after it: an intent whose outcome had not come when the file before was closed
    close,  // the writer stopped in order, no call was open
};

std::string_view to_string(LineKind) noexcept;

/// The middle of a line, `"time":...,"phase":...` up to the mac: what does not depend on the place
/// in the chain. Empty fields are left out, long ones clipped, invalid UTF-8 replaced.
/// docs/audit.md lists the fields. Costs about a microsecond; safe from any thread.
std::string encode_body(const Record& record, TimePoint time);

/// The body of a `file` line: the format's number, whose key the file is sealed with, and which
/// record is the oldest that the trail has by now.
std::string encode_file_body(std::string_view key_id, std::uint64_t oldest_seq, TimePoint time);
/// The body of a `close` line.
std::string encode_close_body(std::uint64_t oldest_seq, TimePoint time);
/// The body of an event of the trail itself.
std::string encode_event_body(std::string detail, TimePoint time);
/// The body of the event that names what retention is about to delete.
struct Removal {
    std::string file{};
    std::uint64_t first_seq{0};
    std::uint64_t last_seq{0};
    std::string last_mac{};  // 64 hex digits
};
std::string encode_removal_body(const Removal& removal, TimePoint time);
/// The body of the event, an alarm, that says which records are gone though nobody removed them
/// here.
struct Loss {
    std::uint64_t first_seq{0};
    std::uint64_t last_seq{0};
    std::string why{};  // one clause
};
std::string encode_loss_body(const Loss& loss, TimePoint time);
/// The body of the event that begins a run after one that did not end in order.
std::string encode_unclean_body(std::uint64_t last_seq, TimePoint time);
/// `intent_body` as an `open` line of the next file: the same fields, another phase.
std::string as_open_body(std::string_view intent_body);

/// How a line stands in the chain, found without reading its JSON.
struct Frame {
    std::uint64_t seq{0};
    std::string_view prev;    // 64 hex digits
    std::string_view mac;     // 64 hex digits
    std::string_view sealed;  // the bytes that `mac` is computed over
    std::string_view body;
};

/// Takes a line (without its newline) apart; the views point into it.
/// Errors: invalid_argument (not a line that this writer makes).
Result<Frame> parse_frame(std::string_view line);

/// The three leading fields of a body, as they stand there (JSON escapes and all).
struct Heading {
    std::string_view time;
    std::string_view phase;
    std::string_view request;
    bool is_open_intent{false};  // an intent (or `open`) that does not carry its outcome itself
};
Heading read_heading(std::string_view body);
/// Whether the body has a text member `name` of exactly `value`, or of any when that is empty. A
/// quote inside a string is escaped, so what is found can only be the member itself.
bool has_text(std::string_view body, std::string_view name, std::string_view value = {});
/// The same of a member that is a number.
bool has_number(std::string_view body, std::string_view name);

/// A line read back.
struct StoredRecord {
    std::uint64_t seq{0};
    TimePoint time;
    LineKind kind{LineKind::event};
    Record record;
    std::string key_id;           // of a `file` line
    std::uint64_t oldest_seq{0};  // of a `file` or `close` line; 0: it does not say
    std::string removed_mac;      // of a retention event, with `removed_seq`
    std::uint64_t removed_from{0};
    std::uint64_t removed_seq{0};
    std::uint64_t lost_from{0};  // of a loss
    std::uint64_t lost_to{0};
    std::uint64_t ended_at{0};  // of an event that tells of a run without an orderly end
};

/// Errors: invalid_argument (not JSON, or a field of the wrong type).
Result<StoredRecord> decode_line(std::string_view line);
/// The same for a body alone; `seq` stays 0.
Result<StoredRecord> decode_body(std::string_view body);

/// `text` between double quotes as JSON, UTF-8 repaired.
void append_json_string(std::string& out, std::string_view text);
/// `text` cut to at most `bytes_max` bytes at a character's edge.
std::string_view clip_utf8(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace tailops::audit
