#pragma once

#include "targets/ssh/exec.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tailops::targets::ssh {

/// Makes sure, once per session and before its first command, that the account runs the lines that
/// login_line() makes: that its login shell hands them to /bin/sh, and that no forced command
/// answers in their place. On the session's strand.
///
/// Errors: unauthorized_there (names the login shell where it can be found out, and the remedy),
/// and those of run_order(). Nothing of the caller's has been sent then.
Task<Status> prove_login_shell(std::shared_ptr<Session> session, Deadline deadline, Timing timing);

/// What `echo $SHELL` printed, as the name of a shell: "fish" for "/usr/bin/fish\n". Empty when it
/// is no such path.
std::string shell_name(std::string_view printed);

}  // namespace tailops::targets::ssh
