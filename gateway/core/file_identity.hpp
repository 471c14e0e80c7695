#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tailops {

/// Which file or folder it is, whatever its name.
struct FileIdentity {
    std::uint64_t device{0};
    std::uint64_t inode{0};
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// What `path` leads to now, symbolic links followed. Nothing where it leads nowhere, or cannot be
/// followed.
std::optional<FileIdentity> identity_of(const std::string& path);
/// The same of what a descriptor has open.
std::optional<FileIdentity> identity_of(int descriptor);

}  // namespace tailops
