#pragma once

#include "gateway/tools/catalogue.hpp"
#include "gateway/tools/commands/commands.hpp"
#include "gateway/tools/tool.hpp"
#include "policy/vocabulary.hpp"
#include "targets/target.hpp"

#include <span>
#include <vector>

namespace tailops::tools {

/// The forms in which a tool is called, with what rules may constrain: what its plans put into
/// Plan::parameters. http_request has one form for each right it may need, execute_command one for
/// each command of the catalogue; a command's parameter is `parameters.NAME`. Rules see no argument
/// of a tool about the gateway.
std::vector<policy::ToolForm> policy_forms(const Tool& tool, const CommandCatalogue& commands);

/// What rules see of every call of the command, whatever the values of its own parameters are.
policy::Parameters parameters_of(const CatalogueCommand& command);
/// What rules call those, in the order of the file: `parameters.NAME`.
std::vector<std::string> own_parameters_of(const CatalogueCommand& command);

struct Need {
    Capability capability;
    Tier tier{};
};
/// What calls of the tool may need: of execute_command, what some command of the catalogue does.
std::vector<Need> needs_of(const Tool& tool, const CommandCatalogue& commands);

/// What a policy may speak of with these targets, commands and tools. The answer keeps no reference
/// to them.
policy::Vocabulary policy_vocabulary(std::span<const targets::TargetSpec> targets,
                                     const CommandCatalogue& commands,
                                     const ToolCatalogue& tools);

}  // namespace tailops::tools
