#pragma once

#include "gateway/tools/commands/command_template.hpp"

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// What a parameter of a template names, and how the target is asked which thing is meant.
struct NamingUse {
    CommandParameter::Names names{};
    std::vector<std::string> asked_by{};  // the words before `show` or `inspect`
    std::string prefix{}, suffix{};       // what the template puts around the value: ".service"
};
using NamesOfParameters = std::map<std::string, NamingUse, std::less<>>;

/// What the parameters of a template name, as their programs show it (systemctl, service,
/// journalctl, docker, podman) or as the file says it.
///
/// A rule is held against the thing itself only where the place of its name is understood. So a
/// template is refused where a program that goes by names has a parameter in a place that is not
/// understood, and the file does not say what the parameter names.
std::expected<NamesOfParameters, TemplateProblem> names_in(
    const CompiledTemplate& compiled, const std::vector<CommandParameter>& parameters);

}  // namespace tailops::tools
