#pragma once

#include "gateway/core/error.hpp"
#include "gateway/service/caller.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace tailops::service {

/// What a client hears of a call besides its result, where it listens for that (MCP 2025-11-25,
/// server/utilities/logging): at level debug how it fares, at level warning that its target or the
/// gateway did not do what was asked. Lives as long as the call; what it is given outlives it.
class CallLog {
public:
    CallLog(Caller& caller, const std::string& tool, const nlohmann::json& arguments);

    void begins() const;
    /// `error`: null when there is a result.
    void ended(const Error* error) const;

private:
    void say(LogLevel level, std::string_view message, std::string_view code) const;

    Caller& caller_;
    const std::string& tool_;
    const std::string_view target_;  // empty: about the gateway itself
    const std::chrono::steady_clock::time_point begun_{std::chrono::steady_clock::now()};
};

}  // namespace tailops::service
