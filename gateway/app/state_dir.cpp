#include "gateway/app/state_dir.hpp"

#include "gateway/app/environment.hpp"
#include "gateway/app/operator.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/disk.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tailops::app {

Result<config::Settings> load_settings(const std::string& file)
{
    const auto text = read_regular_file(file, configuration_bytes_max);
    if (!text) {
        return fail(Errc::invalid_argument,
                    quote(file) + " cannot be read (" + text.error().public_message() +
                        "); name the configuration with --config, or the state directory with "
                        "--state-dir");
    }
    yaml::Problems problems;
    auto settings = config::read_settings(*text, file, process_environment(), problems);
    if (problems.empty()) return settings;
    return fail(Errc::invalid_argument, "the configuration is not valid:\n" + problems.render());
}

Result<StatePaths> find_state(const StateOptions& options)
{
    if (!options.state_dir.empty()) return StatePaths{options.state_dir};
    TAILOPS_TRY(auto settings, load_settings(options.config_file));
    return StatePaths{std::move(settings.state_dir)};
}

Status make_state_directory(const StatePaths& paths)
{
    namespace fs = std::filesystem;
    std::error_code error;
    const bool is_new = fs::create_directories(paths.directory, error);
    if (!error && is_new) {
        fs::permissions(paths.directory, fs::perms::owner_all, fs::perm_options::replace, error);
        // What is kept in it for good must not be lost with the folder itself.
        Disk disk;
        if (!error) {
            TAILOPS_CHECK(sync_folder_of(disk, paths.directory));
        }
    }
    if (!error) return {};
    return fail(Error{Errc::unavailable,
                      "the state directory " + quote(paths.directory) + " cannot be made"}
                    .with_detail(error.message()));
}

Status become_state_owner(const StatePaths& paths)
{
    if (auto made = make_state_directory(paths); !made) return made;
    const auto failed = [&](std::string why) {
        return fail(Error{Errc::unavailable,
                          "the state directory " + quote(paths.directory) + " cannot be used"}
                        .with_detail(std::move(why)));
    };
    struct stat directory{};
    if (::stat(paths.directory.c_str(), &directory) != 0) return failed(std::strerror(errno));
    if (directory.st_uid == ::geteuid()) return {};
    const auto owner = user_name(directory.st_uid);
    if (::geteuid() != 0) {
        return failed("it belongs to " + owner + "; run the command as " + owner + " or as root");
    }
    // Groups first: without root they could not be changed any more.
    if (::setgroups(1, &directory.st_gid) != 0 ||
        ::setresgid(directory.st_gid, directory.st_gid, directory.st_gid) != 0 ||
        ::setresuid(directory.st_uid, directory.st_uid, directory.st_uid) != 0) {
        return failed("it belongs to " + owner +
                      ", whom this process cannot become: " + std::strerror(errno));
    }
    return {};
}

std::string database_note(const FileIdentity& database)
{
    return "database " + std::to_string(database.device) + ':' + std::to_string(database.inode) +
           '\n';
}

Status check_daemon_has(const StatePaths& paths, const std::optional<FileIdentity>& database)
{
    const auto note = audit::note_of_daemon(paths.audit());
    // A daemon of an earlier version says nothing.
    if (note.empty() || !database || note == database_note(*database)) return {};
    return fail(Errc::unavailable,
                "the running gateway has another file open than " + quote(paths.database()) +
                    ", which was put in its place: it sees no change of this one and refuses every "
                    "gateway token; restart the gateway");
}

}  // namespace tailops::app
