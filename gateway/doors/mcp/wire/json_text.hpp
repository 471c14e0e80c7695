#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace tailops::mcp {

/// Appends `text` to `out` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
///
/// Writes straight into the message that goes out, so that a large result is escaped once and
/// copied never; runs of plain text are moved as blocks.
void append_json_string(std::string& out, std::string_view text);

/// Appends `value` on one line, as dump_json would write it.
void append_json(std::string& out, const nlohmann::json& value);

/// `text` as a JSON string.
std::string json_string(std::string_view text);

}  // namespace tailops::mcp
