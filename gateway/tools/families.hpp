#pragma once

#include "gateway/tools/tool.hpp"

#include <string_view>
#include <vector>

namespace tailops::tools {

/// One function per file of tools; table.cpp gathers them. A new family is one line here and there.
std::vector<Tool> command_tools();
std::vector<Tool> container_tools();
std::vector<Tool> file_tools();
std::vector<Tool> http_tools();

/// The right that an http_request of this method needs.
Right right_of_method(std::string_view method);

/// How else a server may be asked for the path: with or without a slash at its end, in letters of
/// another case.
policy::Aliases aliases_of_path(const std::string& path);

}  // namespace tailops::tools
