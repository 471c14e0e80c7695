#pragma once

#include "gateway/tools/kit/visitor.hpp"

#include <nlohmann/json_fwd.hpp>

namespace tailops::tools::kit {

/// The JSON Schema (2020-12) of arguments with these fields: strict, with the defaults of the
/// members, in the keywords that validate_against checks. `blank` has its defaults.
nlohmann::json schema_of_arguments(Object& blank);

/// That of results. `required`: whether members that are never absent are named as such at the top,
/// which does not hold for results that a dry run or a failure replaces.
nlohmann::json schema_of_results(Object& blank, bool required);

}  // namespace tailops::tools::kit
