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

/// The line that makes a POSIX shell run exactly `argv` and nothing else: `exec 'program'
/// 'argument'…`.
///
/// `exec`, because the shell then becomes the program: a signal reaches it under servers that
/// signal only their child (dropbear), and a name of a shell builtin (`eval`, `.`) runs no builtin.
/// `preamble` is shell text of ours that is run before (run_mark.hpp).
/// Errors: invalid_argument (nothing to run, a program name that is empty or begins with "-", a NUL
/// byte, a line longer than shell_line_bytes_max).
Result<std::string> shell_line(std::span<const std::string> argv, std::string_view preamble = {});

}  // namespace tailops::targets::ssh
