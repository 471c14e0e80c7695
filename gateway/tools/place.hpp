#pragma once

#include "gateway/core/error.hpp"

#include <string>
#include <string_view>

namespace tailops::tools {

/// Asks about places that only the target could name: an argument is text, and a link leads it
/// elsewhere. Lives for one call.
class PlaceJudge {
public:
    PlaceJudge() = default;
    PlaceJudge(const PlaceJudge&) = delete;
    PlaceJudge& operator=(const PlaceJudge&) = delete;
    virtual ~PlaceJudge() = default;

    /// Whether what was opened at `path`, links resolved, may be shown to the caller. Errors:
    /// denied, approval_required.
    virtual Status may_open(const std::string& path) = 0;

    /// Whether the caller may learn of the name `path`, which was found below what was opened.
    virtual bool may_name(const std::string& path) = 0;
};

}  // namespace tailops::tools
