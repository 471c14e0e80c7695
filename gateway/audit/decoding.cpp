#include "gateway/audit/encoding.hpp"
#include "gateway/audit/line_format.hpp"
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

constexpr std::array kinds = {LineKind::intent, LineKind::outcome, LineKind::event,
                              LineKind::file,   LineKind::open,    LineKind::close};

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
    {"actors", &Record::actors},
    {"method", &Record::method},
    {"trace", &Record::trace},
    {"capability", &Record::capability},
    {"parameters", &Record::parameters},
    {"parameters_sha256", &Record::parameters_sha256},
    {"idempotency_key", &Record::idempotency_key},
    {"why", &Record::why},
    {"rule", &Record::rule},
    {"policy", &Record::policy_version},
    {"outcome", &Record::outcome},
    {"detail", &Record::detail},
};

/// The numbers of records in the trail's own lines.
struct SequenceField {
    std::string_view name;
    std::uint64_t StoredRecord::* member;
};
constexpr SequenceField sequence_fields[] = {
    {"oldest", &StoredRecord::oldest_seq},       {"removed_from", &StoredRecord::removed_from},
    {"removed_seq", &StoredRecord::removed_seq}, {"lost_from", &StoredRecord::lost_from},
    {"lost_to", &StoredRecord::lost_to},         {"ended_at", &StoredRecord::ended_at},
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

/// `,"NAME":`, as it stands before the value.
std::string member_name(std::string_view name)
{
    std::string text{",\""};
    text += name;
    text += "\":";
    return text;
}

}  // namespace

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
    heading.is_open_intent = (heading.phase == to_string(LineKind::intent) ||
                              heading.phase == to_string(LineKind::open)) &&
                             !has_text(body, "outcome") && !heading.request.empty();
    return heading;
}

bool has_text(std::string_view body, std::string_view name, std::string_view value)
{
    auto member = member_name(name);
    if (value.empty()) {
        member += '"';
    } else {
        append_json_string(member, value);
    }
    return body.find(member) != std::string_view::npos;
}

bool has_number(std::string_view body, std::string_view name)
{
    return body.find(member_name(name)) != std::string_view::npos;
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
    for (const auto& [name, member] : sequence_fields) {
        TAILOPS_TRY(const auto number, number_of(object, name));
        stored.*member = static_cast<std::uint64_t>(number);
    }
    return stored;
}

Result<StoredRecord> decode_body(std::string_view body)
{
    return decode_line('{' + std::string{body} + '}');
}

}  // namespace tailops::audit
