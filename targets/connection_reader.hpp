#pragma once

#include "gateway/core/yaml.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tailops::targets {

/// Reads the `connection` mapping of one target of `kind`. `${NAME}` is looked up in `environment`.
/// Everything wrong goes to the problems of `target`.
Connection read_connection(Kind kind,
                           yaml::MapReader& target,
                           const yaml::Node& node,
                           const Environment& environment);

/// Reads a key of `connection` that may be written as ${NAME}: the variable's value.
std::optional<std::string> expanded(yaml::MapReader& from,
                                    std::string_view key,
                                    const Environment& environment);

/// Reads a key that refers to a credential.
std::optional<CredentialReference> credential(yaml::MapReader& from, std::string_view key);

}  // namespace tailops::targets
