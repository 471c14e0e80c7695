#pragma once

#include "gateway/config/settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::config {

struct Read {
    Settings settings;
    yaml::Problems problems;
};

inline Read read(std::string_view text, std::map<std::string, std::string> variables = {})
{
    Read out;
    const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
        const auto at = variables.find(name);
        return at == variables.end() ? std::nullopt : std::optional{at->second};
    };
    out.settings = read_settings(text, "/etc/tailops/gateway.yaml", lookup, out.problems);
    return out;
}

}  // namespace tailops::config
