#pragma once

#include "gateway/app/commands.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/file_identity.hpp"

#include <optional>
#include <string>

namespace tailops::app {

/// Where the gateway's durable things are, below its state directory.
struct StatePaths {
    std::string directory;
    std::string database() const { return directory + "/tailops.db"; }
    std::string audit() const { return directory + "/audit"; }
    std::string spool() const { return directory + "/spool"; }
    std::string known_hosts() const { return directory + "/known_hosts"; }
};

/// The state directory that the options name, directly or through a configuration file.
/// Errors: invalid_argument (the file has problems; the message lists them).
Result<StatePaths> find_state(const StateOptions& options);

/// Makes the state directory, readable by its owner alone. Errors: unavailable.
Status make_state_directory(const StatePaths& paths);

/// For a command that writes into the state directory beside the daemon: makes the directory if
/// there is none, and, where root runs the command, gives up root for the directory's owner, so
/// that the daemon can use what it finds. For good and for the whole process: read configuration
/// before. Errors: unavailable (the directory cannot be made, or belongs to somebody else and we
/// are not root).
Status become_state_owner(const StatePaths& paths);

/// How a daemon says, beside the lock of its trail, which database it has open.
std::string database_note(const FileIdentity& database);

/// For a command that changes the database beside a daemon: whether that daemon, if there is one,
/// has the same `database` open. Errors: unavailable (it has another; the message says what to do).
Status check_daemon_has(const StatePaths& paths, const std::optional<FileIdentity>& database);

/// The text of `file` and the settings in it, problems as one error. Errors: invalid_argument.
Result<config::Settings> load_settings(const std::string& file);

}  // namespace tailops::app
