#pragma once

#include "gateway/tools/commands.hpp"
#include "gateway/tools/tool.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// Which program of a template takes a parameter for the name of a thing, and how that program is
/// asked what is meant: the words before `show` or `inspect`.
struct NamingUse {
    CommandParameter::Names names{};
    std::vector<std::string> asked_by;
    std::string suffix{};  // that the template adds to the value: ".service"
};

/// What `{parameter}` names in the template: a systemd unit (systemctl, service, journalctl -u) or
/// a container (docker, podman). Empty: nothing that has further names, as far as is known.
std::optional<NamingUse> naming_use(std::string_view command_template, std::string_view parameter);

/// The container that an engine says to have this id and name. Errors: invalid_argument, when it
/// says neither.
Result<std::optional<Named>> named_container(std::string_view id,
                                             std::string_view name,
                                             const std::string& word);

/// The things that the command's values name on the target.
std::vector<Naming> namings_of(const CatalogueCommand& command,
                               const CatalogueCommand::Values& values);

}  // namespace tailops::tools
