#pragma once

#include <string_view>

namespace tailops::tools {

/// Whether a sed script only prints, deletes, substitutes and moves on, whatever it reads: no `e`,
/// `w`, `r` or `s///e`, which run and write. A script that is not understood is not harmless.
bool is_harmless_sed(std::string_view text);

/// Whether an awk program runs and writes nothing, whatever it reads: no pipe, no `print > FILE`,
/// no system(), no extension. A program that is not understood is not harmless.
bool is_harmless_awk(std::string_view text);

}  // namespace tailops::tools
