#include "gateway/core/regular_file.hpp"

#include "gateway/core/file_descriptor.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tailops {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

std::unexpected<Error> unusable(std::string why)
{
    return fail(Errc::invalid_argument, std::move(why));
}

/// What the system says to an opening.
std::unexpected<Error> not_opened(int number)
{
    const bool is_our_shortage = number == EMFILE || number == ENFILE;
    return fail(is_our_shortage ? Errc::unavailable : Errc::invalid_argument,
                std::strerror(number));
}

std::string kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISLNK(mode)) return "a symbolic link";
    return "a device";
}

Status check_kind(mode_t mode)
{
    if (S_ISREG(mode)) return {};
    return unusable("it is " + kind_of(mode) + ", not a regular file");
}

std::string size_text(std::size_t bytes)
{
    constexpr std::size_t kibibyte = 1024, mebibyte = 1024 * 1024;
    return bytes >= mebibyte ? std::to_string(bytes / mebibyte) + " MiB"
                             : std::to_string(bytes / kibibyte) + " KiB";
}

}  // namespace

Status require_regular_file(const std::string& path)
{
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return unusable(std::strerror(errno));
    return check_kind(facts.st_mode);
}

Status require_regular_file(int folder, const std::string& name)
{
    struct stat facts{};
    if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? Status{} : unusable(std::strerror(errno));
    }
    return check_kind(facts.st_mode);
}

Status require_regular_file(int descriptor)
{
    struct stat facts{};
    if (::fstat(descriptor, &facts) != 0) return unusable(std::strerror(errno));
    return check_kind(facts.st_mode);
}

Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max)
{
    // Looked at before it is opened: opening some devices does something. And again afterwards.
    TAILOPS_CHECK(require_regular_file(path));
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat facts{};
    if (!file.is_open() || ::fstat(file.get(), &facts) != 0) return not_opened(errno);
    TAILOPS_CHECK(check_kind(facts.st_mode));
    std::string text;
    // In one piece: a secret leaves no copy of itself behind.
    text.reserve(std::min(bytes_max, static_cast<std::size_t>(facts.st_size)) + chunk_bytes);
    for (;;) {
        // Not by its size: files of /proc say 0, and one may grow.
        const auto before = text.size();
        const auto wanted = std::min(chunk_bytes, bytes_max + 1 - before);
        text.resize(before + wanted);
        const auto got = ::read(file.get(), text.data() + before, wanted);
        if (got < 0 && errno == EINTR) {
            text.resize(before);
            continue;
        }
        if (got < 0) return unusable(std::strerror(errno));
        text.resize(before + static_cast<std::size_t>(got));
        if (got == 0) return text;
        if (text.size() > bytes_max) return unusable("it is larger than " + size_text(bytes_max));
    }
}

}  // namespace tailops
