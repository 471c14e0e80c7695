#include "gateway/audit/encoding.hpp"

#include "gateway/audit/line_format.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>
#include <charconv>

namespace tailops::audit {
namespace {

// With six bytes for the worst escape of each byte, all fields together stay under line_bytes_max.
constexpr std::size_t word_bytes_max = 512;
constexpr std::size_t clause_bytes_max = 2048;
constexpr std::size_t parameters_bytes_max = 4096;

template <class Number>
void append_number(std::string& out, Number value)
{
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, end);
}

/// Whether a byte stands in a JSON string as it is, and alone is a character.
bool is_plain(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

void append_name(std::string& out, std::string_view name)
{
    out += R"(,")";
    out += name;
    out += R"(":)";
}

template <class Number>
void append_member(std::string& out, std::string_view name, Number value)
{
    append_name(out, name);
    append_number(out, value);
}

/// Appends the member unless it is empty.
void append_text(std::string& out,
                 std::string_view name,
                 std::string_view value,
                 std::size_t bytes_max = word_bytes_max)
{
    if (value.empty()) return;
    append_name(out, name);
    append_json_string(out, clip_utf8(value, bytes_max));
}

std::string begin_body(LineKind kind, TimePoint time)
{
    std::string out;
    out.reserve(768);
    out += time_prefix;
    append_rfc3339(out, time);
    out += phase_prefix;
    out += to_string(kind);
    out += '"';
    return out;
}

LineKind kind_of(Phase phase) noexcept
{
    switch (phase) {
    case Phase::intent: return LineKind::intent;
    case Phase::outcome: return LineKind::outcome;
    case Phase::event: return LineKind::event;
    }
    return LineKind::event;
}

}  // namespace

std::string_view to_string(LineKind kind) noexcept
{
    switch (kind) {
    case LineKind::intent: return "intent";
    case LineKind::outcome: return "outcome";
    case LineKind::event: return "event";
    case LineKind::file: return "file";
    case LineKind::open: return "open";
    case LineKind::close: return "close";
    }
    return "event";
}

std::string_view clip_utf8(std::string_view text, std::size_t bytes_max) noexcept
{
    if (text.size() <= bytes_max) return text;
    auto end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

void append_json_string(std::string& out, std::string_view text)
{
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    if (std::ranges::all_of(text, is_plain)) {
        out += text;
        out += '"';
        return;
    }
    std::string repaired;
    if (!is_valid_utf8(text)) {
        repaired = repair_utf8(text);
        text = repaired;
    }
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F) continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[i];
        } else {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 0xF];
        }
    }
    out.append(text, plain, text.size() - plain);
    out += '"';
}

std::string encode_body(const Record& record, TimePoint time)
{
    auto out = begin_body(kind_of(record.phase), time);
    append_text(out, "request", record.request.view());
    append_text(out, "subject", record.subject);
    append_text(out, "name", record.name);
    append_text(out, "client", record.client);
    append_text(out, "actors", record.actors, clause_bytes_max);
    append_text(out, "method", record.method);
    append_text(out, "trace", record.trace);
    append_text(out, "tool", record.tool.view());
    append_text(out, "capability", record.capability);
    if (record.phase != Phase::event) append_text(out, "tier", to_string(record.tier));
    append_text(out, "target", record.target.view());
    append_text(out, "parameters", record.parameters, parameters_bytes_max);
    append_text(out, "parameters_sha256", record.parameters_sha256);
    append_text(out, "idempotency_key", record.idempotency_key);
    if (record.phase != Phase::event) append_text(out, "effect", policy::to_string(record.effect));
    append_text(out, "why", record.why, clause_bytes_max);
    append_text(out, "rule", record.rule);
    append_text(out, "policy", record.policy_version);
    append_text(out, "outcome", record.outcome);
    append_text(out, "detail", record.detail, clause_bytes_max);
    if (record.elapsed_ms != 0) append_member(out, "ms", record.elapsed_ms);
    return out;
}

std::string encode_file_body(std::string_view key_id, std::uint64_t oldest_seq, TimePoint time)
{
    auto out = begin_body(LineKind::file, time);
    append_member(out, "format", 1);
    append_text(out, "key", key_id);
    append_member(out, "oldest", oldest_seq);
    return out;
}

std::string encode_close_body(std::uint64_t oldest_seq, TimePoint time)
{
    auto out = begin_body(LineKind::close, time);
    append_member(out, "oldest", oldest_seq);
    return out;
}

std::string encode_event_body(std::string detail, TimePoint time)
{
    return encode_body({.phase = Phase::event, .name = "trail", .detail = std::move(detail)}, time);
}

std::string encode_removal_body(const Removal& removal, TimePoint time)
{
    auto out = encode_event_body(removal.file + " removed by retention", time);
    append_member(out, "removed_from", removal.first_seq);
    append_member(out, "removed_seq", removal.last_seq);
    append_text(out, "removed_mac", removal.last_mac);
    return out;
}

std::string encode_loss_body(const Loss& loss, TimePoint time)
{
    auto out = encode_body({.phase = Phase::event,
                            .name = "trail",
                            .outcome = std::string{outcome_alarm},
                            .detail = "records " + std::to_string(loss.first_seq) + " to " +
                                      std::to_string(loss.last_seq) + ": " + loss.why},
                           time);
    append_member(out, "lost_from", loss.first_seq);
    append_member(out, "lost_to", loss.last_seq);
    return out;
}

std::string encode_unclean_body(std::uint64_t last_seq, TimePoint time)
{
    auto out = encode_event_body(
        "the run before did not end in order; its last record is " + std::to_string(last_seq),
        time);
    append_member(out, "ended_at", last_seq);
    return out;
}

std::string as_open_body(std::string_view intent_body)
{
    const auto heading = read_heading(intent_body);
    std::string out{time_prefix};
    out += heading.time;
    out += phase_prefix;
    const auto after_phase = std::min(out.size() + heading.phase.size(), intent_body.size());
    out += to_string(LineKind::open);
    out += intent_body.substr(after_phase);
    return out;
}

}  // namespace tailops::audit
