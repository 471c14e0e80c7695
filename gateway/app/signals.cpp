#include "gateway/app/signals.hpp"

#include <signal.h>

namespace tailops::app {

namespace {

sigset_t hang_up()
{
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGHUP);
    return only;
}

}  // namespace

void start_with_known_signals()
{
    const auto held = hang_up();
    ::sigprocmask(SIG_SETMASK, &held, nullptr);
    // An ignored SIGCHLD survives exec, and then the system reaps our children itself.
    ::signal(SIGCHLD, SIG_DFL);
    // A file that would grow over `ulimit -f` is a disk that is full (EFBIG), not our end. What we
    // start gets the signal back (targets/local/child.cpp).
    ::signal(SIGXFSZ, SIG_IGN);
}

void let_hang_up_act()
{
    const auto held = hang_up();
    ::pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
}

void hold_hang_up()
{
    const auto held = hang_up();
    ::pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

}  // namespace tailops::app
