#pragma once

namespace tailops::app {

/// Gives a number of its own to each of stdin, stdout and stderr that the parent closed. Otherwise
/// the next file would get it, such as the database, and what we print would go there. Using such a
/// stream fails, so that nothing is lost without a word. Before anything else is opened.
void start_with_standard_streams();

}  // namespace tailops::app
