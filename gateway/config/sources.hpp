#pragma once

#include "gateway/config/settings.hpp"

namespace tailops::config {

/// Remembers where each key below `node` stands, "section.key" by "section.key".
void note_sources(const std::string& prefix, const yaml::Node& node, SettingSources& sources);

/// What the environment says wins over the file: the names that users of the earlier systems have,
/// and TAILOPS_*. Each becomes the source of its setting; a word that is not known is a problem.
void apply_environment(const targets::Environment& environment,
                       yaml::Problems& problems,
                       Settings& out);

AuthMode to_mode(std::string_view word);

/// "critical" and "warn" are words of the earlier system's LOG_LEVEL.
std::optional<LogLevel> to_level(std::string_view word);

}  // namespace tailops::config
