#pragma once

#include "gateway/tools/tool.hpp"

#include <span>
#include <string_view>

namespace tailops::tools {

/// One function per file of tools; table.cpp gathers them. A new family is one line here and there.
std::span<const Tool> gateway_tools();
std::span<const Tool> target_tools();
std::span<const Tool> system_tools();
std::span<const Tool> network_tools();
std::span<const Tool> command_tools();
std::span<const Tool> container_tools();
std::span<const Tool> file_tools();
std::span<const Tool> http_tools();
std::span<const Tool> run_tools();

/// The right that an http_request of this method needs.
const Right& right_of_method(std::string_view method);

/// How else a server may be asked for the path: with or without a slash at its end, in letters of
/// another case.
policy::Aliases aliases_of_path(const std::string& path);

}  // namespace tailops::tools
