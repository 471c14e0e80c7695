#include "gateway/core/text.hpp"

#include "gateway/core/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace tailops {
namespace {

/// Characters that reorder or hide text: bidirectional controls, zero width, line separators.
bool is_deceptive(std::string_view sequence) noexcept
{
    if (sequence.size() != 3) return sequence == "\xC2\x85" || sequence == "\xD8\x9C";
    const auto second = static_cast<unsigned char>(sequence[1]);
    const auto third = static_cast<unsigned char>(sequence[2]);
    if (sequence[0] == '\xEF') return second == 0xBB && third == 0xBF;  // U+FEFF
    if (sequence[0] != '\xE2') return false;
    if (second == 0x80) return (third >= 0x8B && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE);
    return second == 0x81 && third >= 0xA0 && third <= 0xAF;
}

void append_escaped(std::string& out, std::string_view sequence)
{
    char buffer[8];
    for (const char byte : sequence) {
        std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(byte));
        out += buffer;
    }
}

constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Appends `value` with `digits` digits.
void append_padded(std::string& out, unsigned value, int digits)
{
    char buffer[8];
    for (int i = digits; i-- > 0; value /= 10) buffer[i] = static_cast<char>('0' + value % 10);
    out.append(buffer, static_cast<std::size_t>(digits));
}

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string escaped_line(std::string_view text, std::size_t max_bytes)
{
    std::string out;
    while (!text.empty()) {
        if (out.size() >= max_bytes) return out + "...";
        const auto length = utf8_sequence(text);
        const auto sequence = text.substr(0, std::max<std::size_t>(length, 1));
        const auto lead = static_cast<unsigned char>(sequence[0]);
        if (sequence == "\n") {
            out += "\\n";
        } else if (length == 0 || lead < 0x20 || lead == 0x7F || is_deceptive(sequence)) {
            append_escaped(out, sequence);
        } else {
            out += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

std::string quote(std::string_view text)
{
    return '"' + escaped_line(text, 120) + '"';
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates)
{
    // One typo per three letters, at most: farther is another word, not a slip.
    std::size_t best = std::min<std::size_t>(word.size() / 3 + 1, 4);
    std::string_view nearest;
    for (const auto candidate : candidates) {
        if (candidate.size() > 64 || word.size() > 64) continue;
        // Half of a name is a slip too: "user" for "username".
        const bool begins = word.size() >= 3 && candidate.starts_with(word);
        const auto distance = begins ? 1 : edit_distance(word, candidate);
        if (distance < best || (distance == best && nearest.empty())) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest.empty() ? std::string{} : "; did you mean " + quote(nearest) + "?";
}

bool is_valid_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string repair_utf8(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        if (const auto length = utf8_sequence(text)) {
            out += text.substr(0, length);
            text.remove_prefix(length);
        } else {
            out += replacement_character;
            text.remove_prefix(maximal_subpart(text));
        }
    }
    return out;
}

std::string lower_ascii(std::string_view text)
{
    std::string out{text};
    for (auto& c : out) c = lower(c);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() &&
           std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator)
{
    std::string out;
    for (const auto& part : parts) {
        if (&part != parts.data()) out += separator;
        out += part;
    }
    return out;
}

Result<std::int64_t> parse_int(std::string_view text, std::int64_t min, std::int64_t max)
{
    std::int64_t value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
        return fail(Errc::invalid_argument, quote(text) + " is not a whole number");
    }
    if (error == std::errc::result_out_of_range || value < min || value > max) {
        return fail(Errc::invalid_argument, std::string{text} + " is not between " +
                                                std::to_string(min) + " and " +
                                                std::to_string(max));
    }
    return value;
}

Result<std::chrono::seconds> parse_duration(std::string_view text)
{
    std::int64_t unit = 1;
    auto digits = text;
    if (!text.empty()) {
        switch (text.back()) {
        case 's': unit = 1; break;
        case 'm': unit = 60; break;
        case 'h': unit = 3600; break;
        case 'd': unit = 86400; break;
        default: unit = 0; break;
        }
        if (unit == 0)
            unit = 1;
        else
            digits.remove_suffix(1);
    }
    // A century bounds every product below.
    const auto count = parse_int(digits, 0, std::int64_t{100} * 365 * 86400 / unit);
    if (!count) {
        return fail(Errc::invalid_argument,
                    quote(text) + " is not a duration; write 90s, 45m, 12h or 30d");
    }
    return std::chrono::seconds{*count * unit};
}

void append_rfc3339(std::string& out, TimePoint when)
{
    using namespace std::chrono;
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<milliseconds>(when - day)};
    const auto year = std::clamp(static_cast<int>(date.year()), 0, 9999);
    append_padded(out, static_cast<unsigned>(year), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_padded(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append_padded(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append_padded(out, static_cast<unsigned>(clock.seconds().count()), 2);
    out += '.';
    append_padded(out, static_cast<unsigned>(clock.subseconds().count()), 3);
    out += 'Z';
}

std::string rfc3339(TimePoint when)
{
    std::string out;
    append_rfc3339(out, when);
    return out;
}

Result<TimePoint> parse_rfc3339(std::string_view text)
{
    const auto bad = [&] {
        return fail(Errc::invalid_argument,
                    quote(text) + " is not a date and time such as 2026-11-20T08:00:00Z");
    };
    const auto number = [&](std::size_t at, std::size_t count, std::int64_t max) -> std::int64_t {
        if (at + count > text.size()) return -1;
        const auto value = parse_int(text.substr(at, count), 0, max);
        return value ? *value : -1;
    };
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != ' ')) {
        return bad();
    }
    const auto year = number(0, 4, 9999), month = number(5, 2, 12), day = number(8, 2, 31);
    const auto hour = number(11, 2, 23), minute = number(14, 2, 59), second = number(17, 2, 60);
    if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) return bad();
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{static_cast<int>(year)} /
                              static_cast<unsigned>(month) / static_cast<unsigned>(day)};
    if (!date.ok()) return bad();
    // A clock that counts nanoseconds from 1970 on reaches from 1677 to 2262: what is beyond is as
    // late, or as early, as it can say.
    if (year >= 2262) return TimePoint::max();
    if (year <= 1677) return TimePoint::min();
    TimePoint when = sys_days{date} + hours{hour} + minutes{minute} + seconds{second};

    auto rest = text.substr(19);
    if (rest.starts_with('.')) {
        const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        if (end == 1) return bad();
        std::string digits{rest.substr(1, std::min<std::size_t>(end - 1, 6))};
        digits.resize(6, '0');
        when += microseconds{*parse_int(digits)};
        rest.remove_prefix(end);
    }
    if (rest.empty() || rest == "Z" || rest == "z") return when;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return bad();
    const auto offset_hours = parse_int(rest.substr(1, 2), 0, 23);
    const auto offset_minutes = parse_int(rest.substr(4, 2), 0, 59);
    if (!offset_hours || !offset_minutes) return bad();
    const auto offset = hours{*offset_hours} + minutes{*offset_minutes};
    return rest[0] == '+' ? when - offset : when + offset;
}

}  // namespace tailops
