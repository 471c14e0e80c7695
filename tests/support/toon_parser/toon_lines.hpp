#pragma once

#include "gateway/core/error.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::toon {

/// A line that says something: neither blank nor a comment.
struct Line {
    std::string_view content;     ///< Without indentation and spaces at the end; part of the text.
    std::size_t depth{0};         ///< Levels of indentation.
    std::size_t number{0};        ///< Counted from 1.
    std::size_t blank_before{0};  ///< The number of a blank line right before, or 0.
};

/// "line 3: `what`" as an Error of invalid_argument.
std::unexpected<Error> fail_at(std::size_t line, std::string_view what);

/// Reads the lines of `text` one after the other, each once (sections 5.1 and 12). A mistake in a
/// line ends the lines; `failure` tells it from the end of the text.
class Lines {
public:
    /// `text` must outlive the lines.
    Lines(std::string_view text, const ToonDecodeOptions& options);

    /// The line to be read next, or null when there is none.
    const Line* peek();
    /// Takes the line that `peek` has just returned.
    Line take();
    const std::optional<Error>& failure() const noexcept { return failure_; }

private:
    void read(std::string_view raw);
    void refuse(std::string_view what);

    std::string_view rest_;
    std::size_t indent_size_;
    ToonVersion version_;
    ToonStrictness strictness_;
    std::size_t number_{0};
    std::size_t blank_{0};
    std::optional<Line> next_;
    std::optional<Error> failure_;
};

}  // namespace tailops::toon
