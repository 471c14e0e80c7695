#include "gateway/app/own_places.hpp"

#include "gateway/app/configured_secrets.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/path.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>

namespace tailops::app {
namespace {

namespace fs = std::filesystem;

// Of the state directory: its folders and what lies in them.
constexpr int depth_max = 3;
constexpr std::size_t entries_max = 4096;

/// `path` with links resolved, as far as it is there.
std::string resolved(const std::string& path)
{
    std::error_code error;
    const auto found = fs::weakly_canonical(path, error);
    return error ? path : found.string();
}

/// What a file is called and what it is. What is not there is neither.
void note(tools::PlaceSet& places, const std::string& path)
{
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return;
    places.identities.insert(std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino));
}

void note_folder(tools::PlaceSet& places, const std::string& path)
{
    places.paths.push_back(resolved(path));
    note(places, path);
    std::error_code error;
    fs::recursive_directory_iterator at{path, fs::directory_options::skip_permission_denied, error};
    std::size_t count = 0;
    for (; !error && at != fs::end(at) && count < entries_max; at.increment(error), ++count) {
        if (at.depth() >= depth_max) at.disable_recursion_pending();
        note(places, at->path().string());
    }
}

/// The path of the file that a secret stands in; empty: it stands in none.
std::string file_of(const targets::CredentialReference& reference,
                    const targets::Environment& environment)
{
    using Source = targets::CredentialReference::Source;
    if (reference.source == Source::environment) return {};
    if (reference.source == Source::file) return reference.name;
    const auto folder = environment("CREDENTIALS_DIRECTORY");
    return folder ? *folder + '/' + reference.name : std::string{};
}

/// The files are looked at when somebody asks, since who renews a secret puts another file in the
/// place of the one that was there, or leads a link elsewhere. Where a secret was once stays
/// closed; what it was then does not, because the number of a file that is gone is given to the
/// next one.
class LivePlaces final : public tools::OwnPlaces {
public:
    LivePlaces(std::string folder, std::vector<std::string> files)
        : folder_{std::move(folder)},
          files_{std::move(files)}
    {
        look();
    }

    bool hold(std::string_view path, const std::vector<std::string_view>& identities) const override
    {
        const std::scoped_lock lock{mutex_};
        look();
        return state_.hold(path, identities) || secrets_.hold(path, identities);
    }

private:
    using Time = std::chrono::steady_clock::time_point;

    // A list asks for each of its names, within less than this.
    static constexpr std::chrono::milliseconds fresh{1};
    static constexpr std::chrono::seconds state_fresh{1};
    // More places than the files of secrets can have in the life of a daemon.
    static constexpr std::size_t paths_max = 4096;

    void look() const
    {
        const auto now = std::chrono::steady_clock::now();
        if (!state_looked_ || now - *state_looked_ >= state_fresh) {
            state_looked_ = now;
            state_ = {};
            note_folder(state_, folder_);
        }
        if (looked_ && now - *looked_ < fresh) return;
        looked_ = now;
        secrets_.identities.clear();
        for (const auto& file : files_) {
            note(secrets_, file);
            auto path = resolved(file);
            auto& paths = secrets_.paths;
            const bool is_new = std::ranges::find(paths, path) == paths.end();
            if (is_new && paths.size() < paths_max) paths.push_back(std::move(path));
        }
    }

    const std::string folder_;
    const std::vector<std::string> files_;
    mutable std::mutex mutex_;
    mutable tools::PlaceSet state_;  // guarded by mutex_, as is what follows
    mutable tools::PlaceSet secrets_;
    mutable std::optional<Time> state_looked_{}, looked_{};
};

/// Who reads for a gateway that is root.
struct Reader {
    uid_t user{65534};
    gid_t group{65534};
    std::vector<gid_t> groups;
};

Reader reader()
{
    Reader out;
    if (const auto* nobody = ::getpwnam("nobody")) {
        out.user = nobody->pw_uid;
        out.group = nobody->pw_gid;
    }
    // Debian: "adm: group for system monitoring tasks; its members can read many log files".
    for (const auto* name : {"adm", "systemd-journal"}) {
        if (const auto* group = ::getgrnam(name)) out.groups.push_back(group->gr_gid);
    }
    return out;
}

bool may(const Reader& reader, const struct stat& info, unsigned bits)
{
    if (info.st_uid == reader.user) return (info.st_mode >> 6U & bits) == bits;
    const bool is_member = info.st_gid == reader.group ||
                           std::ranges::find(reader.groups, info.st_gid) != reader.groups.end();
    return (info.st_mode >> (is_member ? 3U : 0U) & bits) == bits;
}

/// Whether the reader gets to `path` and may read it. What is not there is nobody's secret.
bool may_read(const Reader& reader, const std::string& path)
{
    struct stat info{};
    for (auto at = path.find('/', 1); at != path.npos; at = path.find('/', at + 1)) {
        if (::stat(path.substr(0, at).c_str(), &info) != 0) return true;
        if (!may(reader, info, 01)) return false;
    }
    if (::stat(path.c_str(), &info) != 0) return true;
    return may(reader, info, S_ISDIR(info.st_mode) ? 05 : 04);
}

std::vector<std::string> command_of(const Reader& reader)
{
    std::vector<std::string> out{"setpriv", "--reuid", std::to_string(reader.user), "--regid",
                                 std::to_string(reader.group)};
    std::string groups;
    for (const auto group : reader.groups) {
        groups += (groups.empty() ? "" : ",") + std::to_string(group);
    }
    if (groups.empty()) {
        out.emplace_back("--clear-groups");
    } else {
        out.emplace_back("--groups");
        out.push_back(std::move(groups));
    }
    out.emplace_back("--no-new-privs");
    out.emplace_back("--");
    return out;
}

}  // namespace

std::shared_ptr<const tools::OwnPlaces> own_places(const Configuration& configuration,
                                                   const StatePaths& paths,
                                                   const targets::Environment& environment)
{
    std::vector<std::string> files;
    for (const auto& secret : configured_secrets(configuration)) {
        auto file = file_of(secret.reference, environment);
        if (!file.empty()) files.push_back(std::move(file));
    }
    return std::make_shared<const LivePlaces>(paths.directory, std::move(files));
}

void note_own_places(const Configuration& configuration, yaml::Problems& problems)
{
    const auto state = resolved(configuration.settings.state_dir);
    for (const auto& spec : configuration.targets.targets) {
        if (spec.kind != targets::Kind::local) continue;
        for (const auto& root : spec.file_roots) {
            if (!tools::is_under(state, root) && !tools::is_under(root, state)) continue;
            problems.notice(configuration.settings.targets_file, yaml::nowhere,
                            "target " + quote(spec.facts.id.view()) + " allows " + quote(root) +
                                ", which holds the gateway's own state; nothing of that is shown");
        }
    }
}

void limit_readers(targets::TargetsFile& targets)
{
    if (::geteuid() != 0) return;
    const auto who = reader();
    for (auto& spec : targets.targets) {
        auto* local = std::get_if<targets::LocalConnection>(&spec.connection);
        if (!local) continue;
        local->reader = command_of(who);
        for (const auto& root : spec.file_roots) {
            if (!may_read(who, root)) local->private_roots.push_back(root);
        }
    }
}

}  // namespace tailops::app
