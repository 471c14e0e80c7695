#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tailops {

/// Text that a machine wrote, made safe to show to a model and on a terminal. Nothing that could be
/// read is dropped; what would act on a terminal or hide from a reader is taken out or shown.
///
/// - ANSI escape sequences (ECMA-48: CSI, OSC with its titles and links, DCS, SOS, PM, APC, charset
///   and two-character ones, in their 7-bit and C1 forms) are taken out. A control string that does
///   not end on its line is no sequence: its introducer is shown, its text stays.
/// - Line ends become "\n"; so does a carriage return alone, which would let one text hide another.
/// - Other C0 controls and DEL become their pictures (U+2400...), C1 controls marks: `<U+0085>`.
/// - Invalid UTF-8 becomes U+FFFD.
/// - Invisible characters, bidirectional controls, tags and variation selectors that select nothing
///   become marks: `<U+202E>`. A byte order mark at the very beginning is taken out.
///
/// Linear in the size of `text`, which is returned as it is when there is nothing to do. Applying
/// it twice changes nothing more.
std::string safe_text(std::string_view text);

/// How much of the beginning of `text` safe_text would leave alone.
std::size_t safe_prefix(std::string_view text) noexcept;

inline bool is_safe_text(std::string_view text) noexcept
{
    return safe_prefix(text) == text.size();
}

/// Applies safe_text to every string in `value`, names of members included. Of two names that
/// become the same, the first in the order of names keeps its value.
void make_safe(nlohmann::json& value);

}  // namespace tailops
