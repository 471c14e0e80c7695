#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

namespace tailops::testing {

/// Leaves room for so many descriptors more, while it lives.
class DescriptorsLeft {
public:
    explicit DescriptorsLeft(int more)
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        std::vector<int> taken;
        for (int i = 0; i < more; ++i) taken.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        auto now = before_;
        const int probe = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        now.rlim_cur = static_cast<rlim_t>(probe);
        ::close(probe);
        for (const int one : taken) ::close(one);
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    DescriptorsLeft(const DescriptorsLeft&) = delete;
    DescriptorsLeft& operator=(const DescriptorsLeft&) = delete;
    ~DescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace tailops::testing
