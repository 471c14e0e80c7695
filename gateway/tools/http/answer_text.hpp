#pragma once

#include "targets/output.hpp"

#include <optional>
#include <string>

namespace tailops::tools {

/// The result with its body as UTF-8: as it is, as its charset has it, or with U+FFFD for bytes
/// that mean nothing where the server calls it text. None: the body is no text.
std::optional<targets::ExecutionResult> answer_as_text(const targets::ExecutionResult& result);

/// Why there is no text, for people.
std::string why_no_text(const targets::ExecutionResult& result);

}  // namespace tailops::tools
