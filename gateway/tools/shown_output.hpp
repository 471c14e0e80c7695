#pragma once

#include "gateway/tools/kit/fields.hpp"
#include "targets/output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::tools {

/// What a result shows of a stream: all of it, or, when it was cut, three quarters of the output
/// limit from its beginning and one from its end, whole lines where lines are short enough and
/// whole characters in any case.
struct ShownOutput {
    std::string_view head;
    std::string tail;  // empty: nothing was cut, or its end is not known
};

/// Refers to `result`.
ShownOutput shown_output(const targets::ExecutionResult& result, targets::OutputStream stream);

/// The same for a part of the standard output that begins `skipped_bytes` after its beginning.
ShownOutput shown_output_after(const targets::ExecutionResult& result, std::size_t skipped_bytes);

/// A text of the target's in a result, and what is said of it when it was cut.
struct TextOutput {
    std::optional<std::string> text{}, tail{};
    std::optional<bool> truncated{};
    std::optional<std::uint64_t> stdout_bytes{}, stdout_lines{};
    // Filled in when the call has ended: where the rest is.
    std::optional<std::string> run_id{}, read_more{}, not_kept{};
};

/// What is said of the fields of a text; `name` is that of the text itself.
struct TextMeanings {
    std::string_view name;
    std::string_view text;
    std::string_view tail{};
    std::string_view bytes{};
    std::string_view lines{};
    std::string_view read_more{};
};

/// Shows the fields of a text as those of the struct that has it: NAME, NAME_tail, `truncated` and
/// so on.
void text_fields(kit::Fields& f, TextOutput& s, const TextMeanings& meanings);

/// Tells of the standard output what is missing, when something is: `truncated`, `stdout_bytes`,
/// `stdout_lines`.
void add_extent(TextOutput& out, const targets::ExecutionResult& result);

/// The same of a part of it, which is cut.
void add_extent(TextOutput& out, std::uint64_t bytes, std::uint64_t lines);

/// The standard output.
TextOutput text_output(const targets::ExecutionResult& result);

}  // namespace tailops::tools
