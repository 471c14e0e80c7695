#include "gateway/core/file_identity.hpp"

#include <sys/stat.h>

namespace tailops {

std::optional<FileIdentity> identity_of(const std::string& path)
{
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
    return FileIdentity{.device = facts.st_dev, .inode = facts.st_ino};
}

std::optional<FileIdentity> identity_of(int descriptor)
{
    struct stat facts{};
    if (::fstat(descriptor, &facts) != 0) return std::nullopt;
    return FileIdentity{.device = facts.st_dev, .inode = facts.st_ino};
}

}  // namespace tailops
