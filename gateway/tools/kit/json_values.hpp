#pragma once

#include "gateway/core/error.hpp"
#include "gateway/tools/kit/visitor.hpp"
#include "policy/decision.hpp"

#include <nlohmann/json_fwd.hpp>

namespace tailops::tools::kit {

/// Fills in the fields from the members of the same names. One that is absent or null keeps its
/// default; members that are no fields are passed over (the schema has refused them). Errors:
/// invalid_argument, which names the member: of another type, or no word of an enumeration.
Status read_json(const nlohmann::json& from, Object& into);

/// The fields as a JSON object. What is absent is left out. Texts are moved out of the struct.
nlohmann::json write_json(Object& value);

/// What policy rules may constrain of these arguments: each field that is a text, a number, a
/// yes or no, an enumeration or a list of texts, and is not absent.
policy::Parameters policy_parameters(Object& arguments);

}  // namespace tailops::tools::kit
