#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace tailops::targets {

/// Sees to it that every process that we started is reaped, also one whose owner could not wait for
/// its end: what SIGKILL does not end at once (a program that waits for a dead disk, or that runs
/// as another user) must not hold anybody up.
///
/// Where the system gives orphans to us (we are PID 1 of a container, or a subreaper), what our
/// commands leave behind is reaped too, and never the status of a command that somebody waits for.
/// One for the whole daemon. Safe from any thread; nothing blocks.
class Reaper {
public:
    Reaper();
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;
    ~Reaper() = default;

    /// What posix_spawn needs.
    struct Plan {
        const char* program;
        const posix_spawn_file_actions_t* actions;
        const posix_spawnattr_t* attributes;
        char* const* argv;
        char* const* environment;
    };
    /// Starts a process, which must lead a group of its own and belongs to the caller until
    /// forget() or leave(). Errors: errno.
    std::expected<pid_t, int> spawn(const Plan& plan);

    /// Its owner has reaped it.
    void forget(pid_t pid);
    /// Its owner goes before its end, having sent what ends it. It is reaped by a later sweep.
    void leave(pid_t pid) noexcept;

    /// Reaps what has ended without an owner. To be called now and then.
    void sweep();
    /// How many were left and have not ended.
    std::size_t left() const;

private:
    enum class Owner { present, gone };
    void reap_left();
    void reap_orphans();
    bool is_ours(pid_t pid) const;

    const bool gets_orphans_;
    // Held shared while a process is started, and alone while orphans are reaped: who is not in the
    // table must not be one that is about to be entered.
    std::shared_mutex births_;
    mutable std::mutex mutex_;
    std::map<pid_t, Owner> ours_;
};

}  // namespace tailops::targets
