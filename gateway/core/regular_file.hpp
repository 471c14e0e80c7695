#pragma once

#include "gateway/core/error.hpp"

#include <cstddef>
#include <string>

namespace tailops {

/// No configuration that a person wrote is longer.
inline constexpr std::size_t configuration_bytes_max = 16 * 1024 * 1024;

/// Whether `path` leads to a regular file: what is opened by its name, by a library, must not be a
/// FIFO or a device, whose opening waits for somebody. Errors: invalid_argument; the message is a
/// clause about the file ("No such file or directory", "it is a FIFO, not a regular file").
Status require_regular_file(const std::string& path);

/// The same of a name below the open folder `folder`, where a symbolic link is none either and a
/// name that is not there passes, and of an open file. To be asked before and after opening: to
/// open some devices does something.
Status require_regular_file(int folder, const std::string& name);
Status require_regular_file(int descriptor);

/// The bytes of a regular file. Waits for nobody: only a dead disk can hold it up. Errors:
/// invalid_argument, as above; also for a file of more than `bytes_max`. unavailable: this process
/// may open no further file now.
Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max);

}  // namespace tailops
