#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets::ssh {

/// What tells the processes of one command from all others on its machine, so that they can be
/// ended where the SSH server does not do it: a random word in their environment, TAILOPS_RUN, and
/// beside it the session that the command began in. A process that leaves that session (a daemon
/// does) is no longer of the command.
///
/// Needs Linux's /proc there; elsewhere a marked command runs as any other and cannot be found.
class RunMark {
public:
    /// A mark that no other command bears.
    static RunMark fresh();

    /// What a POSIX shell is to run before a command, so that what that starts bears this mark.
    std::string preamble() const;

    /// The command that ends what bears this mark, and its input: TERM, a second later KILL, and a
    /// look at what is left. read_sweep() reads what it prints. Takes three seconds at most where
    /// `sleep` knows parts of a second.
    std::vector<std::string> sweep() const;
    static std::string_view sweep_input() noexcept;

private:
    explicit RunMark(std::string word) : word_{std::move(word)} {}
    std::string word_;
};

/// What a sweep found.
enum class Swept {
    all,      // there were processes, and there are none any more
    none,     // there was none that bears the mark
    some,     // one at least did not end, or belongs to another user
    unknown,  // it could not be looked for
};

/// What the output of a sweep says.
Swept read_sweep(std::string_view output) noexcept;

}  // namespace tailops::targets::ssh
