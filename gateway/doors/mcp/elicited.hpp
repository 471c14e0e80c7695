#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

namespace tailops::mcp {

/// Holds what a client answers to an elicitation of a form (its ElicitResult) to the
/// `requestedSchema` it was asked with: types, required, lengths, ranges and choices, as MCP's
/// PrimitiveSchemaDefinition has them, in every revision. Members that were not asked for are let
/// pass, `format` is the client's matter; what is declined or cancelled holds nothing. Pure.
///
/// Errors: invalid_argument, naming the field and the rule that it broke.
Status check_elicited(const nlohmann::json& requested_schema, const nlohmann::json& result);

}  // namespace tailops::mcp
