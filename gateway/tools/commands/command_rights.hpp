#pragma once

#include "gateway/tools/tool.hpp"

#include <vector>

namespace tailops::tools {

/// Every right that a catalogue command may need: those of execute_command.
const std::vector<Right>& command_rights();

}  // namespace tailops::tools
