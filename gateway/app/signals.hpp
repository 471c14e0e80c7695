#pragma once

namespace tailops::app {

/// What the parent of this process did to its signals does not matter from here on: SIGCHLD has its
/// default action, so that the ends of our commands are told to us; a file that would grow too long
/// is an error of the write, not a signal (SIGXFSZ); and no signal is blocked but SIGHUP. That one
/// waits until somebody can answer it: a reload that is asked for while the daemon starts must not
/// end it. The first thing that main does, before there is a second thread.
void start_with_known_signals();

/// From here on SIGHUP does what it is set to do: the daemon catches it, or it ends a command.
void let_hang_up_act();
/// The other way round, for a daemon that has nobody left who could answer it.
void hold_hang_up();

}  // namespace tailops::app
