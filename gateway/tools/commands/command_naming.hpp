#pragma once

#include "gateway/tools/commands/commands.hpp"
#include "gateway/tools/tool.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// The container that an engine says to have this id and name. Errors: invalid_argument, when it
/// says neither.
Result<std::optional<Named>> named_container(std::string_view id,
                                             std::string_view name,
                                             const std::string& word);

/// The things that the command's values name on the target: each is asked for, and acted on, with
/// what the template puts around the value.
std::vector<Naming> namings_of(const CatalogueCommand& command,
                               const CatalogueCommand::Values& values);

}  // namespace tailops::tools
