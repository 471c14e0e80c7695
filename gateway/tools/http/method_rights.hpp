#pragma once

#include "gateway/tools/tool.hpp"

#include <string>
#include <string_view>

namespace tailops::tools {

/// The right that an http_request of this method needs: GET and HEAD read, anything else changes.
Right right_of_method(std::string_view method);

/// How else a server may be asked for the path: with or without a slash at its end, in letters of
/// another case.
policy::Aliases aliases_of_path(const std::string& path);

}  // namespace tailops::tools
