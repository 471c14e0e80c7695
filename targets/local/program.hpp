#pragma once

#include "gateway/core/error.hpp"

#include <array>
#include <string>
#include <string_view>

namespace tailops::targets {

inline constexpr std::string_view child_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a command finds in its environment; the daemon's own may hold credentials.
inline constexpr std::array child_environment = {
    child_path.data(),
    "LANG=C.UTF-8",
    "HOME=/",
    "TERM=dumb",
};

/// not_found; `number` is an errno.
Error no_program(const std::string& name, int number);

/// What the system says to a start that it does not carry out, to `step` of it. unavailable: it is
/// short of something now, which is nobody's bug and said in the message; invalid_argument: too
/// many words; internal.
Error not_started(std::string_view step, int number);

/// The file that a child of ours would run for `name`: our own PATH may be anybody's. Errors:
/// not_found.
Result<std::string> find_program(const std::string& name);

}  // namespace tailops::targets
