#pragma once

#include "gateway/core/error.hpp"

#include <sys/types.h>

#include <string>

namespace tailops::http {

/// The file of a Unix socket on which we listen. Removed on destruction, unless another has taken
/// its place.
class SocketFile {
public:
    /// Whether a socket can come to `path`, as far as that can be seen without changing or asking
    /// anything: one may lie there, alive or not. Errors: as make_way.
    static Status check_place(const std::string& path);

    /// Makes way for a socket at `path`: removes one that a daemon left which was killed. Errors:
    /// invalid_argument (somebody listens there, there is something else, or everybody may exchange
    /// what lies in that folder).
    static Status make_way(const std::string& path);

    /// Takes over the socket that has been bound at `path`, and opens it to its owner and group; to
    /// be called before it is listened on, while nobody can connect. Errors: as make_way.
    static Result<SocketFile> take(std::string path);

    SocketFile() = default;
    SocketFile(SocketFile&& other) noexcept;
    SocketFile& operator=(SocketFile&& other) noexcept;
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;
    ~SocketFile();

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;  // empty: none
    dev_t device_{0};
    ino_t inode_{0};
};

}  // namespace tailops::http
