#pragma once

#include "gateway/core/clock.hpp"

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tailops::audit {

/// The intents whose outcome has not come yet, by request: what rotation carries over into the next
/// file, and what a crash would leave unknown. Bounded. Not safe from two threads.
class OpenIntents {
public:
    explicit OpenIntents(std::size_t count_max) : count_max_{count_max} {}

    /// Notes an intent. Beyond the bound the oldest one is given up and its body returned.
    std::optional<std::string> open(const std::string& request, std::string body);
    void close(const std::string& request);

    bool contains(const std::string& request) const { return by_request_.contains(request); }
    bool empty() const noexcept { return intents_.empty(); }
    /// Oldest first.
    std::vector<std::string> bodies() const;

private:
    struct Intent {
        std::string request;
        std::string body;
    };
    std::size_t count_max_;
    std::list<Intent> intents_;
    std::unordered_map<std::string_view, std::list<Intent>::iterator> by_request_;
};

/// The body of the outcome record "unknown" for an intent that nobody will ever finish.
std::string unknown_outcome_body(std::string_view intent_body,
                                 std::string_view detail,
                                 TimePoint time);

}  // namespace tailops::audit
