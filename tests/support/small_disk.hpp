#pragma once

#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

namespace tailops::testing {

/// A place with 64 KiB of room: a tmpfs of that size, or, where mounting is not permitted (not
/// root), this process under RLIMIT_FSIZE, which says EFBIG where a full disk says ENOSPC.
class SmallDisk {
public:
    explicit SmallDisk(const std::filesystem::path& where) : where_{where}
    {
        is_mounted_ = ::mount("tmpfs", where_.c_str(), "tmpfs", 0, "size=64k,mode=0700") == 0;
        if (is_mounted_) return;
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit{.rlim_cur = 64 * 1024, .rlim_max = before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk()
    {
        if (is_mounted_)
            ::umount2(where_.c_str(), MNT_DETACH);
        else
            ::setrlimit(RLIMIT_FSIZE, &before_);
    }

    void make_room() const
    {
        if (is_mounted_) {
            EXPECT_EQ(::mount("tmpfs", where_.c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
        } else {
            ::setrlimit(RLIMIT_FSIZE, &before_);
        }
    }

private:
    std::filesystem::path where_;
    bool is_mounted_{false};
    rlimit before_{};
};

}  // namespace tailops::testing
