#pragma once

namespace tailops::app {

/// Reads the command line and runs the subcommand. Returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace tailops::app
