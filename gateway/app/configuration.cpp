#include "gateway/app/configuration.hpp"

#include "gateway/app/own_places.hpp"
#include "gateway/app/secret_files.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/policy_words.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cstdio>

namespace tailops::app {
namespace {

constexpr std::string_view embedded_targets = R"(version: "1.0"
targets:
  local:
    type: local
    description: "the machine that the gateway runs on"
    capabilities: ["system:read", "network:read", "file:read", "logs:read", "security:read", "system:write"]
    constraints:
      # Whatever does more than observe waits for a person.
      require_approval: true
      # Logs, and configuration that every user of a machine may read and that holds no secrets.
      allowed_paths:
        - /var/log
        - /etc/os-release
        - /usr/lib/os-release
        - /etc/debian_version
        - /etc/hostname
        - /etc/hosts
        - /etc/resolv.conf
        - /etc/nsswitch.conf
        - /etc/fstab
        - /etc/passwd
        - /etc/group
        - /etc/crontab
        - /etc/cron.d
        - /etc/apt/sources.list
        - /etc/apt/sources.list.d
        - /etc/ssh/sshd_config
        - /etc/ssh/sshd_config.d
        - /etc/systemd
    metadata: {hostname: "{{system.hostname}}", tags: ["local"]}
)";

constexpr std::string_view embedded_policy = R"(version: 1
rules:
  - id: local-machine
    description: "observe freely; the target itself asks for an approval above that"
    effect: allow
    tier: admin
    targets: {ids: [local]}
)";

/// What every user of the machine may write decides nothing here.
void check_owner_writes(const std::string& path, yaml::Problems& problems)
{
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 02U) == 0) {
        return;
    }
    problems.add(path, yaml::nowhere,
                 "every user of this machine may change it; set its mode to 0640");
}

/// The text of a file that must be there; none, and a problem, when it cannot be read.
std::optional<std::string> slurp(const std::string& path, yaml::Problems& problems)
{
    auto text = read_regular_file(path, configuration_bytes_max);
    if (text) {
        check_owner_writes(path, problems);
        return *std::move(text);
    }
    problems.add(path, yaml::nowhere, "cannot be read: " + text.error().public_message());
    return std::nullopt;
}

std::shared_ptr<const tools::CommandCatalogue> load_commands(const std::string& path,
                                                             yaml::Problems& problems)
{
    if (path.empty()) {
        return {&tools::CommandCatalogue::shipped(), [](const auto*) {}};  // lives for ever
    }
    const auto text = slurp(path, problems);
    if (!text) return nullptr;
    return std::make_shared<const tools::CommandCatalogue>(
        tools::CommandCatalogue::read(*text, path, problems));
}

}  // namespace

void note_unused_capabilities(const targets::TargetsFile& targets,
                              std::string_view file,
                              yaml::Problems& problems)
{
    CapabilitySet exercised{gateway_read()};
    const auto tools = tools::ToolCatalogue::shipped();
    for (const auto& tool : tools->all()) {
        for (const auto& right : tool.rights)
            exercised.merge(expand_scopes({right.capability.text()}));
    }
    for (const auto& offer : targets.offers) {
        if (exercised.contains(offer.capability)) continue;
        problems.notice(file, offer.place,
                        "target " + quote(offer.target.view()) + " offers " +
                            quote(offer.capability.text()) +
                            ", which no tool of this version uses");
    }
}

Configuration load_configuration(const std::string& gateway_file,
                                 const targets::Environment& environment,
                                 yaml::Problems& problems)
{
    Configuration out;
    const auto gateway = slurp(gateway_file, problems);
    if (!gateway) return out;  // what it names is not known
    out.settings = config::read_settings(*gateway, gateway_file, environment, problems);
    const auto& files = out.settings;
    const auto targets = slurp(files.targets_file, problems);
    if (targets) {
        out.targets = targets::read_targets(*targets, files.targets_file, environment, problems);
        note_unused_capabilities(out.targets, files.targets_file, problems);
        limit_readers(out.targets);
        note_own_places(out, problems);
        check_secret_files(out, environment, problems);
    }
    out.commands = load_commands(files.commands_file, problems);
    const auto policy = slurp(files.policy_file, problems);
    // Without the others every name in it would seem unknown.
    if (policy && targets && out.commands) {
        out.policy = policy::read_policy(
            *policy, files.policy_file,
            tools::policy_vocabulary(out.targets.targets, *out.commands, *out.tools), problems);
    }
    return out;
}

Configuration embedded_configuration(const std::string& state_dir,
                                     const std::string& listen,
                                     const targets::Environment& environment,
                                     yaml::Problems& problems)
{
    Configuration out;
    out.settings.state_dir = state_dir;
    out.settings.listen = {listen};
    out.settings.log_level =
        environment("LOG_LEVEL") == "DEBUG" ? LogLevel::debug : LogLevel::warning;
    out.settings.sources.set("", {.file = "--listen", .place = yaml::nowhere, .said = ""});
    if (listen.starts_with("unix:")) {
        problems.add(
            "--listen", yaml::nowhere,
            "--listen: clients are told a URL to connect to, so it takes HOST:PORT; a Unix "
            "socket stands in `listen` of gateway.yaml");
    }
    config::check_settings(out.settings, problems);
    out.targets =
        targets::read_targets(embedded_targets, "embedded targets", environment, problems);
    limit_readers(out.targets);
    out.commands = load_commands({}, problems);
    out.policy = policy::read_policy(
        embedded_policy, "embedded policy",
        tools::policy_vocabulary(out.targets.targets, *out.commands, *out.tools), problems);
    return out;
}

std::optional<Configuration> load_and_start_log(
    const std::function<Configuration(yaml::Problems&)>& load)
{
    yaml::Problems problems;
    auto configuration = load(problems);
    if (!problems.empty()) {
        std::fputs(problems.render().c_str(), stderr);
        return std::nullopt;
    }
    start_log(configuration.settings.log_level, configuration.settings.log_format);
    for (const auto& notice : problems.notices()) {
        log(Event::configuration_notice, {{"what", yaml::Problems::render(notice)}});
    }
    return configuration;
}

}  // namespace tailops::app
