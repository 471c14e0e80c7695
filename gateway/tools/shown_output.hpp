#pragma once

#include "targets/output.hpp"

#include <nlohmann/json_fwd.hpp>

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

/// Puts the standard output into `out` as the member `name`, its end as NAME_tail when it was cut,
/// and then what is missing: `truncated`, `stdout_bytes`, `stdout_lines`.
void add_output(nlohmann::json& out,
                const std::string& name,
                const targets::ExecutionResult& result);

/// As the three numbers of `add_output`, of a part of the standard output.
void add_extent(nlohmann::json& out, std::uint64_t bytes, std::uint64_t lines);

}  // namespace tailops::tools
