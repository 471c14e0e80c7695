#pragma once

#include <string>

namespace tailops::tools {

/// docs/tools.md: every tool with its parameters, rights and results, made from the table of tools.
std::string tools_reference();

}  // namespace tailops::tools
