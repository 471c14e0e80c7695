#pragma once

#include "targets/operation.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The shell scripts that tools run on a target: constant text, checked in, the same for every
/// call. Whatever a caller says reaches them as positional parameters only. They need a POSIX
/// shell, /proc and the commands that busybox and coreutils share; the unit tests run each of them
/// in dash and in busybox. Each prints sections (gateway/tools/sections.hpp) and leaves parsing to
/// C++.
namespace tailops::tools::scripts {

extern const std::string_view file_list;    // path, offset, count, then the allowed directories
extern const std::string_view file_info;    // path, then the allowed directories
extern const std::string_view file_read;    // path, offset, lines, bytes, then the allowed ones
extern const std::string_view file_tail;    // path, lines, bytes, then the allowed directories
extern const std::string_view file_search;  // path, pattern, bytes, then the allowed directories

/// `script` with `parameters` as $1, $2, ...: the only place of the tools that says `sh -c`,
/// besides a catalogue command whose template is a pipeline.
targets::Command command(std::string_view script, std::vector<std::string> parameters = {});

}  // namespace tailops::tools::scripts
