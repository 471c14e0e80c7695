#include "policy/pattern.hpp"

#include "gateway/core/text.hpp"
#include "policy/letters.hpp"

#include <re2/re2.h>

#include <string>

namespace tailops::policy {

Result<Pattern> compile_pattern(std::string_view text, Effect effect)
{
    if (text.size() > pattern_length_max) {
        return fail(Errc::invalid_argument, "a pattern may have " +
                                                std::to_string(pattern_length_max) +
                                                " bytes; list the values with one_of");
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<std::int64_t>(pattern_memory_max));
    options.set_dot_nl(effect != Effect::allow);
    auto pattern =
        std::make_shared<const re2::RE2>(re2::StringPiece{text.data(), text.size()}, options);
    if (!pattern->ok()) {
        return fail(Errc::invalid_argument,
                    "the pattern " + quote(text) + " is not valid: " + pattern->error());
    }
    return pattern;
}

bool pattern_matches(const re2::RE2& pattern, std::string_view text)
{
    return re2::RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, pattern);
}

bool pattern_matches_any_case(const re2::RE2& pattern, std::string_view text)
{
    auto options = pattern.options();
    options.set_case_sensitive(false);
    const re2::RE2 anew{pattern.pattern(), options};
    if (!anew.ok() || pattern_matches(anew, text)) return true;
    const auto decoded = with_letters_decoded(pattern.pattern());
    if (decoded == pattern.pattern()) return false;
    const re2::RE2 with_letters{decoded, options};
    return !with_letters.ok() || pattern_matches(with_letters, text);
}

std::string_view pattern_text(const re2::RE2& pattern)
{
    return pattern.pattern();
}

}  // namespace tailops::policy
