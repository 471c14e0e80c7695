#pragma once

#include "gateway/runs/spool_files.hpp"
#include "gateway/tools/run_view.hpp"

#include <stop_token>

namespace tailops::runs {

/// Reads the part of `file` that `question` asks for: bytes, offsets and matches of a page. Blocks;
/// linear in what it reads, which for the last lines and for matches is at most the file. Ends
/// early when a stop is requested. Errors: invalid_argument (a pattern that is no RE2 expression,
/// or one too large), cancelled, unavailable.
Result<tools::OutputPage> read_page(const FileDescriptor& file,
                                    const tools::OutputQuestion& question,
                                    const std::stop_token& stop);

}  // namespace tailops::runs
