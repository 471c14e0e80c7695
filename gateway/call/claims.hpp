#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::call {

/// What jobs have for themselves, of all targets. Safe from any thread.
class Claims {
public:
    struct Thing {
        std::string target;  // empty: whatever the target, the word means this thing
        std::string kind;    // "container"
        std::string word;
        friend bool operator==(const Thing&, const Thing&) = default;
    };
    /// False: somebody has it.
    bool take(const Thing& thing);
    void give_back(const Thing& thing);

    /// Whether a job has what a call names so on this target: by its name, or by the beginning of
    /// an id.
    bool is_taken(std::string_view target, std::string_view kind, std::string_view word) const;

private:
    mutable std::mutex mutex_;
    std::vector<Thing> taken_;
};

}  // namespace tailops::call
