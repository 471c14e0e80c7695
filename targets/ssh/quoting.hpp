#pragma once

#include "gateway/core/error.hpp"

#include <span>
#include <string>
#include <string_view>

namespace tailops::targets::ssh {

// Linux passes one argument of at most 32 pages to execve (MAX_ARG_STRLEN), the final NUL included;
// sshd hands the whole line to the shell as one.
inline constexpr std::size_t shell_line_bytes_max = 131'071;

/// `text` as one word of a POSIX shell, whatever bytes are in it (NUL excepted): in single quotes,
/// where nothing is special but the quote itself.
std::string shell_word(std::string_view text);

/// The line that makes any login shell hand `script` to /bin/sh, which evaluates it in the login
/// shell's place: same process, same group, same input.
///
/// sshd gives a line to the shell of the account, and shells differ in what they read in quotes:
/// csh takes `!` and a newline for its own, fish `\'`, old ones a byte above 127. So the login
/// shell sees one constant text and one word of letters, digits, blanks and `/._-,:=@+`, all else
/// written as `\0ooo`, which no shell reads inside single quotes; /bin/sh turns it back.
/// `script` holds no NUL and does not end in a newline.
std::string login_line(std::string_view script);

/// The line that makes the target run exactly `argv` and nothing else, whatever its login shell.
///
/// The shells end in `exec`: a signal reaches the program under servers that signal only their
/// child (dropbear), and a name of a shell builtin (`eval`, `.`) runs no builtin. `preamble` is
/// script text of ours that is run before (run_mark.hpp).
/// Errors: invalid_argument (nothing to run, a program name that is empty or begins with "-", a NUL
/// byte, a line longer than shell_line_bytes_max).
Result<std::string> shell_line(std::span<const std::string> argv, std::string_view preamble = {});

}  // namespace tailops::targets::ssh
