#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailops {

/// `text` in double quotes, control characters escaped, clipped to 120 bytes: how a caller's own
/// word appears in a message.
std::string quote(std::string_view text);

/// `; did you mean "capabilities"?` for the nearest of `candidates`, or nothing when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// Text from outside made safe for one line of a log: control characters, bidirectional controls
/// and invalid UTF-8 escaped as \xNN or \u{N}, clipped to `max_bytes` with an ellipsis.
std::string escaped_line(std::string_view text, std::size_t max_bytes = 512);

/// `text` with every invalid UTF-8 sequence replaced by U+FFFD (Unicode 15, section 3.9, maximal
/// subparts). Valid text is returned unchanged.
std::string repair_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text) noexcept;

std::string lower_ascii(std::string_view text);
/// Whether both are the same but for the case of ASCII letters. Without allocation.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string_view trim(std::string_view text) noexcept;
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// The whole of `text` as a decimal integer in [min, max]. Errors: invalid_argument.
Result<std::int64_t> parse_int(std::string_view text,
                               std::int64_t min = INT64_MIN,
                               std::int64_t max = INT64_MAX);

/// "90", "90s", "45m", "12h" or "30d"; a bare number is seconds. Errors: invalid_argument.
Result<std::chrono::seconds> parse_duration(std::string_view text);

/// UTC with milliseconds, e.g. "2026-11-20T11:36:38.233Z" (RFC 3339).
std::string rfc3339(TimePoint);
void append_rfc3339(std::string& out, TimePoint);

/// Reads RFC 3339, or an ISO 8601 date-time without offset, which is taken as UTC. What lies beyond
/// the years that the clock can count (1678 to 2261) is its end or its beginning.
/// Errors: invalid_argument.
Result<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace tailops
