#pragma once

#include <mutex>
#include <set>
#include <string>

namespace tailops::call {

/// What jobs have for themselves, of all targets. Safe from any thread.
class Claims {
public:
    bool take(const std::string& thing);
    void give_back(const std::string& thing);

private:
    std::mutex mutex_;
    std::set<std::string> taken_;
};

}  // namespace tailops::call
