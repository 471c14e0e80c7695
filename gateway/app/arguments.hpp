#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace tailops::app {

/// Turns `key=value` words into a tool's arguments, each value of the type that `schema` (the
/// tool's inputSchema) gives its key: numbers and true/false as such, lists and objects as JSON or,
/// for a list of strings, separated by commas. `OBJECT.KEY=value` sets a text in an object. Errors:
/// invalid_argument, naming the word (also one that is said twice: none may win silently); whether
/// the arguments fit is the gateway's to say.
Result<nlohmann::json> read_arguments(const std::vector<std::string>& words,
                                      const nlohmann::json& schema);

/// The words, and with them the target that --target names. Errors: invalid_argument (they name one
/// themselves).
Result<std::vector<std::string>> with_target(std::vector<std::string> words,
                                             const std::string& target);

}  // namespace tailops::app
