#include "targets/local/reaper.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tailops::targets {
namespace {

bool system_gives_us_orphans()
{
    int is_subreaper = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
    return is_subreaper != 0 || ::getpid() == 1;
}

}  // namespace

Reaper::Reaper() : gets_orphans_{system_gives_us_orphans()} {}

std::expected<pid_t, int> Reaper::spawn(const Plan& plan)
{
    // Made first: nothing may fail between the start and the entry.
    std::map<pid_t, Owner> entry{{0, Owner::present}};
    auto node = entry.extract(entry.begin());
    const std::shared_lock birth{births_};
    pid_t pid{};
    const int error = ::posix_spawn(&pid, plan.program, plan.actions, plan.attributes, plan.argv,
                                    plan.environment);
    if (error != 0) return std::unexpected{error};
    node.key() = pid;
    const std::scoped_lock lock{mutex_};
    const auto entered = ours_.insert(std::move(node));
    entered.position->second = Owner::present;
    return pid;
}

void Reaper::forget(pid_t pid)
{
    {
        const std::scoped_lock lock{mutex_};
        ours_.erase(pid);
    }
    // It may have stood before orphans that ended after it.
    if (gets_orphans_) reap_orphans();
}

void Reaper::leave(pid_t pid) noexcept
{
    const std::scoped_lock lock{mutex_};
    const auto found = ours_.find(pid);
    if (found != ours_.end()) found->second = Owner::gone;
}

void Reaper::sweep()
{
    reap_left();
    if (gets_orphans_) reap_orphans();
}

std::size_t Reaper::left() const
{
    const std::scoped_lock lock{mutex_};
    return static_cast<std::size_t>(
        std::ranges::count(ours_, Owner::gone, [](const auto& entry) { return entry.second; }));
}

bool Reaper::is_ours(pid_t pid) const
{
    const std::scoped_lock lock{mutex_};
    return ours_.contains(pid);
}

void Reaper::reap_left()
{
    const std::scoped_lock lock{mutex_};
    std::erase_if(ours_, [](const auto& entry) {
        const auto [pid, owner] = entry;
        if (owner == Owner::present) return false;
        siginfo_t info{};
        const auto id = static_cast<id_t>(pid);
        // ECHILD: somebody else reaped it, and its number is not ours any more.
        if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return true;
        if (info.si_pid == 0) return false;
        // The last moment at which the group's number cannot be somebody else's.
        ::kill(-pid, SIGKILL);
        ::waitid(P_PID, id, &info, WEXITED | WNOHANG);
        return true;
    });
}

void Reaper::reap_orphans()
{
    const std::unique_lock no_birth{births_};
    for (;;) {
        siginfo_t info{};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
        // Only its owner may reap it; the owner's forget() then goes on from here.
        if (is_ours(info.si_pid)) return;
        if (::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG) != 0) return;
    }
}

}  // namespace tailops::targets
