#include "gateway/app/own_places.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/path.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

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

class Gathering {
public:
    void add(const std::string& path)
    {
        if (path.empty()) return;
        places_->paths.push_back(resolved(path));
        note_identity(path);
    }

    void add_folder(const std::string& path)
    {
        add(path);
        std::error_code error;
        fs::recursive_directory_iterator at{path, fs::directory_options::skip_permission_denied,
                                            error};
        std::size_t count = 0;
        for (; !error && at != fs::end(at) && count < entries_max; at.increment(error), ++count) {
            if (at.depth() >= depth_max) at.disable_recursion_pending();
            note_identity(at->path().string());
        }
    }

    void add(const std::optional<targets::CredentialReference>& reference,
             const targets::Environment& environment)
    {
        using Source = targets::CredentialReference::Source;
        if (!reference || reference->source == Source::environment) return;
        if (reference->source == Source::file) return add(reference->name);
        const auto folder = environment("CREDENTIALS_DIRECTORY");
        if (folder) add(*folder + '/' + reference->name);
    }

    std::shared_ptr<const tools::OwnPlaces> finish() && { return std::move(places_); }

private:
    void note_identity(const std::string& path)
    {
        struct stat info{};
        if (::stat(path.c_str(), &info) != 0) return;
        places_->identities.insert(std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino));
    }

    std::shared_ptr<tools::OwnPlaces> places_{std::make_shared<tools::OwnPlaces>()};
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
    Gathering out;
    const auto& settings = configuration.settings;
    out.add_folder(paths.directory);
    out.add(settings.tls_key);
    out.add(settings.audit.key, environment);
    out.add(settings.auth.oidc.client_secret, environment);
    out.add(settings.auth.hmac_shared_secret, environment);
    for (const auto& spec : configuration.targets.targets) {
        if (const auto* ssh = std::get_if<targets::SshConnection>(&spec.connection)) {
            out.add(ssh->key_path);
            out.add(ssh->key, environment);
            out.add(ssh->passphrase, environment);
        } else if (const auto* http = std::get_if<targets::HttpConnection>(&spec.connection)) {
            out.add(http->credential, environment);
        } else if (const auto* docker = std::get_if<targets::DockerConnection>(&spec.connection)) {
            if (!docker->cert_path.empty()) out.add(docker->cert_path + "/key.pem");
        }
    }
    return std::move(out).finish();
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
