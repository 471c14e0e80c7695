#pragma once

#include "gateway/config/settings.hpp"
#include "gateway/tools/catalogue.hpp"
#include "gateway/tools/commands/commands.hpp"
#include "policy/policy_file.hpp"
#include "targets/targets_file.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace tailops::app {

/// Everything that the configuration files say, read and checked as one.
struct Configuration {
    config::Settings settings;
    targets::TargetsFile targets;
    policy::Policy policy;
    std::shared_ptr<const tools::CommandCatalogue> commands;
    std::shared_ptr<const tools::ToolCatalogue> tools{tools::ToolCatalogue::shipped()};
};

/// Reads gateway.yaml and the files it names. Everything wrong in any of them goes to `problems`;
/// when there is anything, the answer must not be used.
Configuration load_configuration(const std::string& gateway_file,
                                 const targets::Environment& environment,
                                 yaml::Problems& problems);

/// What `--embedded` stands for: the local target, token authentication, a policy that allows what
/// observes and asks for an approval above that. No file is read.
Configuration embedded_configuration(const std::string& state_dir,
                                     const std::string& listen,
                                     const targets::Environment& environment,
                                     yaml::Problems& problems);

/// The configuration to start with; the log begins as it says. Nothing when it is not sound: then
/// stderr says why.
std::optional<Configuration> load_and_start_log(
    const std::function<Configuration(yaml::Problems&)>& load);

/// Says of capabilities that targets offer and no tool exercises: they load, and mean nothing yet.
void note_unused_capabilities(const targets::TargetsFile& targets,
                              std::string_view file,
                              yaml::Problems& problems);

}  // namespace tailops::app
