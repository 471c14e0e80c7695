#include "tests/support/toon_parser/toon_lines.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <utility>

namespace tailops::toon {

std::unexpected<Error> fail_at(std::size_t line, std::string_view what)
{
    return fail(Errc::invalid_argument, "line " + std::to_string(line) + ": " + std::string{what});
}

Lines::Lines(std::string_view text, const ToonDecodeOptions& options)
    : rest_{text},
      indent_size_{std::max<std::size_t>(options.indent_size, 1)},
      version_{options.version},
      strictness_{options.strictness}
{
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
}

const Line* Lines::peek()
{
    while (!next_ && !failure_ && !rest_.empty()) {
        const auto end = std::min(rest_.find('\n'), rest_.size());
        auto raw = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        ++number_;
        if (raw.ends_with('\r')) raw.remove_suffix(1);
        read(raw);
    }
    return next_ ? &*next_ : nullptr;
}

Line Lines::take()
{
    return *std::exchange(next_, std::nullopt);
}

void Lines::read(std::string_view raw)
{
    if (!is_valid_utf8(raw)) return refuse("not valid UTF-8; encode the text as UTF-8");
    const auto start = std::min(raw.find_first_not_of(" \t"), raw.size());
    const auto indentation = raw.substr(0, start);
    const auto tabs = static_cast<std::size_t>(std::ranges::count(indentation, '\t'));
    const auto spaces = start - tabs;
    if (version_ == ToonVersion::v4 && tabs == 0 && raw.substr(start).starts_with('#')) return;
    const bool is_strict = strictness_ == ToonStrictness::strict;
    if (start == raw.size() && (tabs == 0 || !is_strict)) {
        blank_ = number_;
        return;
    }
    if (is_strict) {
        if (tabs > 0) return refuse("a tab in the indentation; indent with spaces");
        if (spaces % indent_size_ != 0) {
            return refuse("indented by " + std::to_string(spaces) +
                          " spaces; indent by a multiple of " + std::to_string(indent_size_));
        }
    }
    const auto content = raw.substr(start, raw.find_last_not_of(' ') + 1 - start);
    next_ = Line{content, tabs + spaces / indent_size_, number_, std::exchange(blank_, 0)};
}

void Lines::refuse(std::string_view what)
{
    failure_ = fail_at(number_, what).error();
}

}  // namespace tailops::toon
