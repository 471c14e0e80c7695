#include "gateway/app/start_places.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/socket_file.hpp"

#include <filesystem>

namespace tailops::app {
namespace {

namespace fs = std::filesystem;

/// What keeps `directory` from being a folder, or from being made; empty: nothing that we may see.
std::string folder_fault(const fs::path& directory)
{
    for (auto path = directory; !path.empty(); path = path.parent_path()) {
        std::error_code error;
        const auto kind = fs::status(path, error).type();
        if (kind == fs::file_type::directory) return {};
        const bool is_there = fs::symlink_status(path, error).type() != fs::file_type::not_found;
        if (kind == fs::file_type::not_found && is_there && !error) {
            return quote(path.string()) + " is a link to nothing";
        }
        if (kind != fs::file_type::not_found && kind != fs::file_type::none) {
            return quote(path.string()) + " is not a folder";
        }
        if (path == path.parent_path()) break;
    }
    return {};
}

/// Whether systemd makes it for a service (RuntimeDirectory=), and takes it away at the end.
bool is_runtime_directory(const fs::path& folder)
{
    return folder.parent_path() == "/run" || folder.parent_path() == "/var/run";
}

}  // namespace

void check_start_places(const config::Settings& settings, yaml::Problems& problems)
{
    if (const auto fault = folder_fault(settings.state_dir); !fault.empty()) {
        const auto& source = settings.sources.of("state_dir");
        problems.add(source.file, source.place,
                     "state_dir: " + fault + "; name a folder, or a place where one can be made");
    }
    const auto& source = settings.sources.of("listen");
    for (const auto& text : settings.listen) {
        const auto address = config::parse_listen_address(text);
        if (!address || address->socket_path.empty()) continue;
        const auto usable = http::SocketFile::check_place(address->socket_path);
        if (usable) continue;
        const auto folder = fs::path{address->socket_path}.parent_path();
        std::error_code error;
        const bool may_come = is_runtime_directory(folder) && !fs::exists(folder, error) && !error;
        const auto what = "listen: " + usable.error().public_message();
        if (may_come) {
            problems.notice(source.file, source.place,
                            what + " yet; RuntimeDirectory= of the unit makes it, or make it");
        } else {
            problems.add(source.file, source.place, what);
        }
    }
}

}  // namespace tailops::app
