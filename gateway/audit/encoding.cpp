#include "gateway/audit/encoding.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace tailops::audit {
namespace {

constexpr std::size_t hex_digits = 64;
constexpr std::string_view seq_prefix = R"({"seq":)";
constexpr std::string_view prev_prefix = R"(,"prev":")";
constexpr std::string_view mac_prefix = R"(,"mac":")";
constexpr std::string_view time_prefix = R"("time":")";
constexpr std::string_view phase_prefix = R"(","phase":")";
constexpr std::string_view request_prefix = R"(","request":")";
constexpr std::size_t time_bytes = 24;  // 2026-11-20T11:36:38.233Z

// With six bytes for the worst escape of each byte, all fields together stay under line_bytes_max.
constexpr std::size_t word_bytes_max = 512;
constexpr std::size_t clause_bytes_max = 2048;
constexpr std::size_t parameters_bytes_max = 4096;

constexpr std::array kinds = {LineKind::intent, LineKind::outcome, LineKind::event,
                              LineKind::file,   LineKind::open,    LineKind::close};

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

Phase phase_of(LineKind kind) noexcept
{
    switch (kind) {
    case LineKind::intent:
    case LineKind::open: return Phase::intent;
    case LineKind::outcome: return Phase::outcome;
    case LineKind::event:
    case LineKind::file:
    case LineKind::close: return Phase::event;
    }
    return Phase::event;
}

/// The raw JSON string that starts at the front of `text`, up to its closing quote.
std::string_view raw_string(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return text.substr(0, i);
        if (text[i] == '\\') ++i;
    }
    return {};
}

Result<LineKind> parse_kind(std::string_view text)
{
    for (const auto kind : kinds) {
        if (to_string(kind) == text) return kind;
    }
    return fail(Errc::invalid_argument, quote(text) + " is no phase of a record");
}

Result<policy::Effect> parse_effect(std::string_view text)
{
    using policy::Effect;
    for (const auto effect :
         {Effect::allow, Effect::deny, Effect::require_approval, Effect::dry_run_only}) {
        if (policy::to_string(effect) == text) return effect;
    }
    return fail(Errc::invalid_argument, quote(text) + " is no effect");
}

Result<std::string> text_of(const nlohmann::json& object, std::string_view name)
{
    TAILOPS_TRY(auto text, optional_field<std::string>(object, name));
    return std::move(text).value_or(std::string{});
}

Result<std::int64_t> number_of(const nlohmann::json& object, std::string_view name)
{
    TAILOPS_TRY(const auto number, optional_field<std::int64_t>(object, name));
    return number.value_or(0);
}

/// The texts of a Record that are plain strings, with their names on the line.
struct TextField {
    std::string_view name;
    std::string Record::* member;
};
constexpr TextField text_fields[] = {
    {"subject", &Record::subject},
    {"name", &Record::name},
    {"client", &Record::client},
    {"method", &Record::method},
    {"trace", &Record::trace},
    {"capability", &Record::capability},
    {"parameters", &Record::parameters},
    {"why", &Record::why},
    {"rule", &Record::rule},
    {"policy", &Record::policy_version},
    {"outcome", &Record::outcome},
    {"detail", &Record::detail},
};

Status read_record(const nlohmann::json& object, Record& record)
{
    for (const auto& [name, member] : text_fields) {
        TAILOPS_TRY(record.*member, text_of(object, name));
    }
    TAILOPS_TRY(auto request, text_of(object, "request"));
    record.request = RequestId{std::move(request)};
    TAILOPS_TRY(auto tool, text_of(object, "tool"));
    record.tool = ToolName{std::move(tool)};
    TAILOPS_TRY(auto target, text_of(object, "target"));
    record.target = TargetId{std::move(target)};
    TAILOPS_TRY(record.elapsed_ms, number_of(object, "ms"));
    if (const auto tier = text_member(object, "tier"); !tier.empty()) {
        TAILOPS_TRY(record.tier, parse_tier(tier));
    }
    if (const auto effect = text_member(object, "effect"); !effect.empty()) {
        TAILOPS_TRY(record.effect, parse_effect(effect));
    }
    return {};
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
    append_text(out, "method", record.method);
    append_text(out, "trace", record.trace);
    append_text(out, "tool", record.tool.view());
    append_text(out, "capability", record.capability);
    if (record.phase != Phase::event) append_text(out, "tier", to_string(record.tier));
    append_text(out, "target", record.target.view());
    append_text(out, "parameters", record.parameters, parameters_bytes_max);
    if (record.phase != Phase::event) append_text(out, "effect", policy::to_string(record.effect));
    append_text(out, "why", record.why, clause_bytes_max);
    append_text(out, "rule", record.rule);
    append_text(out, "policy", record.policy_version);
    append_text(out, "outcome", record.outcome);
    append_text(out, "detail", record.detail, clause_bytes_max);
    if (record.elapsed_ms != 0) {
        append_name(out, "ms");
        append_number(out, record.elapsed_ms);
    }
    return out;
}

std::string encode_file_body(std::string_view key_id, TimePoint time)
{
    auto out = begin_body(LineKind::file, time);
    append_name(out, "format");
    append_number(out, 1);
    append_text(out, "key", key_id);
    return out;
}

std::string encode_close_body(TimePoint time)
{
    return begin_body(LineKind::close, time);
}

std::string encode_removal_body(const Removal& removal, TimePoint time)
{
    auto out = begin_body(LineKind::event, time);
    append_text(out, "name", "trail");
    append_text(out, "detail", removal.file + " removed by retention");
    append_name(out, "removed_seq");
    append_number(out, removal.last_seq);
    append_text(out, "removed_mac", removal.last_mac);
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

Result<Frame> parse_frame(std::string_view line)
{
    const auto bad = [] { return fail(Errc::invalid_argument, "not a record of an audit trail"); };
    constexpr auto tail_bytes = mac_prefix.size() + hex_digits + 2;
    if (!line.starts_with(seq_prefix) || !line.ends_with("\"}")) return bad();

    Frame frame;
    const auto* const last = line.data() + line.size();
    const auto [end, error] = std::from_chars(line.data() + seq_prefix.size(), last, frame.seq);
    if (error != std::errc{} || frame.seq == 0) return bad();
    auto rest = line.substr(static_cast<std::size_t>(end - line.data()));
    if (!rest.starts_with(prev_prefix)) return bad();
    rest.remove_prefix(prev_prefix.size());
    if (rest.size() < hex_digits + 2 + tail_bytes) return bad();
    frame.prev = rest.substr(0, hex_digits);
    if (rest.substr(hex_digits, 2) != "\",") return bad();
    rest.remove_prefix(hex_digits + 2);

    const auto tail = rest.substr(rest.size() - tail_bytes);
    if (!tail.starts_with(mac_prefix)) return bad();
    frame.mac = tail.substr(mac_prefix.size(), hex_digits);
    frame.body = rest.substr(0, rest.size() - tail_bytes);
    frame.sealed = line.substr(0, line.size() - tail_bytes);
    if (!is_hex(frame.prev) || !is_hex(frame.mac)) return bad();
    return frame;
}

Heading read_heading(std::string_view body)
{
    Heading heading;
    if (!body.starts_with(time_prefix)) return heading;
    body.remove_prefix(time_prefix.size());
    if (!body.substr(std::min(body.size(), time_bytes)).starts_with(phase_prefix)) return heading;
    heading.time = body.substr(0, time_bytes);
    body.remove_prefix(time_bytes + phase_prefix.size());
    heading.phase = raw_string(body);
    body.remove_prefix(heading.phase.size());
    if (body.starts_with(request_prefix)) {
        heading.request = raw_string(body.substr(request_prefix.size()));
    }
    // A quote inside a string is escaped, so this text can only be the member itself.
    const bool has_outcome = body.find(R"(,"outcome":")") != std::string_view::npos;
    heading.is_open_intent = (heading.phase == to_string(LineKind::intent) ||
                              heading.phase == to_string(LineKind::open)) &&
                             !has_outcome && !heading.request.empty();
    return heading;
}

Result<StoredRecord> decode_line(std::string_view line)
{
    TAILOPS_TRY(const auto object, parse_json(line, 4));
    StoredRecord stored;
    TAILOPS_TRY(const auto seq, number_of(object, "seq"));
    stored.seq = static_cast<std::uint64_t>(seq);
    TAILOPS_TRY(const auto time, text_of(object, "time"));
    TAILOPS_TRY(stored.time, parse_rfc3339(time));
    TAILOPS_TRY(const auto phase, text_of(object, "phase"));
    TAILOPS_TRY(stored.kind, parse_kind(phase));
    stored.record.phase = phase_of(stored.kind);
    if (auto read = read_record(object, stored.record); !read) return fail(read.error());
    TAILOPS_TRY(stored.key_id, text_of(object, "key"));
    TAILOPS_TRY(stored.removed_mac, text_of(object, "removed_mac"));
    TAILOPS_TRY(const auto removed_seq, number_of(object, "removed_seq"));
    stored.removed_seq = static_cast<std::uint64_t>(removed_seq);
    return stored;
}

Result<StoredRecord> decode_body(std::string_view body)
{
    return decode_line('{' + std::string{body} + '}');
}

}  // namespace tailops::audit
