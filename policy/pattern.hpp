#pragma once

#include "gateway/core/error.hpp"
#include "policy/decision.hpp"

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace tailops::policy {

using Pattern = std::shared_ptr<const re2::RE2>;

/// Compiles a pattern that must match a whole text, for a rule of this effect. Matching takes
/// linear time and at most pattern_memory_max bytes.
///
/// In an allowing rule "." does not match a line break; in every other rule it does, so that a line
/// break in an argument neither opens a rule nor slips past one.
/// Errors: invalid_argument (syntax, longer than pattern_length_max, or too big once compiled).
Result<Pattern> compile_pattern(std::string_view text, Effect effect);

bool pattern_matches(const re2::RE2& pattern, std::string_view text);

/// The same, and letters match whatever their case, also those that the pattern has in percent
/// encoding and the text as such. Compiles the pattern anew: for the few
/// arguments whose case is not known to matter. What cannot be compiled matches.
bool pattern_matches_any_case(const re2::RE2& pattern, std::string_view text);

/// The pattern as it was written.
std::string_view pattern_text(const re2::RE2& pattern);

// A pattern longer than this is a list in disguise: use one_of.
constexpr std::size_t pattern_length_max = 512;
// Holds any pattern a person writes; "(\w{1000}){1000}" does not fit and is refused.
constexpr std::size_t pattern_memory_max = 1 << 20;

}  // namespace tailops::policy
