#include "gateway/http/socket_file.hpp"

#include "gateway/core/file_descriptor.hpp"
#include "gateway/core/text.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tailops::http {
namespace {

// Its owner and its group may connect: connecting needs the right to write.
constexpr mode_t socket_mode = 0660;

Error cannot_listen(const std::string& path, const std::string& why)
{
    return Error{Errc::invalid_argument, "cannot listen on unix:" + path + ": " + why};
}

Error system_error(const std::string& path, int number)
{
    return cannot_listen(path, std::generic_category().message(number));
}

/// Where everybody may rename files, another's socket could take the place of ours, and get the
/// tokens that clients send. In /tmp the sticky bit forbids it.
Status check_folder(const std::string& path)
{
    const auto folder = std::filesystem::path{path}.parent_path().string();
    struct stat found{};
    if (::stat(folder.c_str(), &found) != 0) {
        if (errno != ENOENT) return fail(system_error(path, errno));
        return fail(cannot_listen(path, "the folder " + folder + " does not exist"));
    }
    if ((found.st_mode & S_IWOTH) == 0 || (found.st_mode & S_ISVTX) != 0) return {};
    return fail(cannot_listen(
        path, "everybody may change the folder " + folder + "; take that right away (chmod o-w)"));
}

/// Whether somebody accepts connections at the socket `path`.
Result<bool> is_alive(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(system_error(path, ENAMETOOLONG));
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const FileDescriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!probe.is_open()) return fail(system_error(path, errno));
    // NOLINTNEXTLINE(*-reinterpret-cast): how connect(2) takes every address
    const auto* const where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(probe.get(), where, sizeof address) == 0 || errno == EAGAIN) return true;
    if (errno == ECONNREFUSED) return false;
    return fail(system_error(path, errno));
}

}  // namespace

Status SocketFile::check_place(const std::string& path)
{
    if (auto safe = check_folder(path); !safe) return safe;
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return fail(system_error(path, errno));
    }
    if (S_ISSOCK(found.st_mode)) return {};
    return fail(cannot_listen(path, S_ISDIR(found.st_mode)
                                        ? "there is a folder; name a file in it that is not there"
                                        : "there is a file that is no socket"));
}

Status SocketFile::make_way(const std::string& path)
{
    if (auto usable = check_place(path); !usable) return usable;
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) return {};
    const auto alive = is_alive(path);
    if (!alive) return fail(alive.error());
    if (*alive) return fail(cannot_listen(path, "another program listens there"));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(system_error(path, errno));
    return {};
}

Result<SocketFile> SocketFile::take(std::string path)
{
    struct stat found{};
    if (::chmod(path.c_str(), socket_mode) != 0 || ::lstat(path.c_str(), &found) != 0) {
        return fail(system_error(path, errno));
    }
    SocketFile file;
    file.path_ = std::move(path);
    file.device_ = found.st_dev;
    file.inode_ = found.st_ino;
    return file;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_{std::exchange(other.path_, {})},
      device_{other.device_},
      inode_{other.inode_}
{
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept
{
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

SocketFile::~SocketFile()
{
    struct stat found{};
    if (path_.empty() || ::lstat(path_.c_str(), &found) != 0) return;
    if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace tailops::http
