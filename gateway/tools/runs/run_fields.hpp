#pragma once

#include "gateway/core/text.hpp"
#include "gateway/tools/kit/fields.hpp"
#include "gateway/tools/run_view.hpp"

#include <array>

/// What the tools about runs have in common.
namespace tailops::tools {

inline constexpr kit::Rules run_id_rules{.required = true,
                                         .shortest = 1,
                                         .longest = 64,
                                         .pattern = "^[A-Za-z0-9_-]+$",
                                         .example = "5f2a9c1e8d7b6a40"};

/// The states that a call about a target can be in.
inline constexpr std::array<std::string_view, 15> state_words = {
    "running",           "ok",        "failed",      "cancelled",
    "deadline_exceeded", "busy",      "unreachable", "unauthorized_there",
    "invalid_argument",  "not_found", "unavailable", "outcome_unknown",
    "internal",          "refused",   "unknown"};

/// What every answer says of a run.
struct RunHead {
    std::string run_id{}, state{}, tool{}, target{}, started{};
    std::optional<std::string> ended{};

    explicit RunHead() = default;
    explicit RunHead(const RunView& run)
        : run_id{run.id.str()},
          state{to_string(run.state)},
          tool{run.tool.str()},
          target{run.target.str()},
          started{rfc3339(run.started)}
    {
        if (run.ended != TimePoint{}) ended = rfc3339(run.ended);
    }
};

}  // namespace tailops::tools
