#pragma once

#include "gateway/core/error.hpp"
#include "gateway/tools/containers/container_fields.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

/// What the Docker Engine API says, as our tools show it. Pure. Absent or odd members are left out,
/// never guessed.
namespace tailops::tools::containers {

/// The whole elements of a JSON array that may have been cut off at an output limit. `is_complete`
/// tells whether its end was seen. Errors: internal, when `text` does not begin an array.
struct Elements {
    std::vector<std::string_view> texts;
    bool is_complete{false};
};
Result<Elements> array_elements(std::string_view text);

/// One element of GET /containers/json.
ListedContainer list_entry(const nlohmann::json& container);

/// GET /containers/{id}/json. Environment variables keep their names and lose their values; words
/// of the command line and labels that look like credentials lose theirs.
InspectedContainer inspection(const nlohmann::json& container);

/// "--token=abc" as "--token=[redacted]"; other words as they are.
std::string redact_word(std::string_view word);

/// Whether a name is one that credentials are kept under ("DB_PASSWORD", "api-key").
bool names_a_secret(std::string_view name);

}  // namespace tailops::tools::containers
