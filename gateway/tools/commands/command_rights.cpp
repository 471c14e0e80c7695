#include "gateway/tools/commands/command_rights.hpp"

#include <array>

namespace tailops::tools {
namespace {

/// Capabilities that read, at every tier: a dangerous command of the earlier system has no other.
constexpr std::array reading = {
    Capability{"container", "read"}, Capability{"database", "read"}, Capability{"file", "read"},
    Capability{"logs", "read"},      Capability{"metrics", "read"},  Capability{"network", "diag"},
    Capability{"network", "read"},   Capability{"package", "read"},  Capability{"security", "read"},
    Capability{"service", "read"},   Capability{"system", "read"}};
/// Capabilities that change something: never at tier observe.
constexpr std::array changing = {
    Capability{"backup", "write"},    Capability{"cache", "write"},
    Capability{"container", "admin"}, Capability{"container", "control"},
    Capability{"container", "write"}, Capability{"file", "write"},
    Capability{"network", "control"}, Capability{"network", "write"},
    Capability{"package", "install"}, Capability{"service", "control"},
    Capability{"system", "admin"},    Capability{"system", "control"},
    Capability{"system", "write"}};

}  // namespace

const std::vector<Right>& command_rights()
{
    static const auto all = [] {
        std::vector<Right> out;
        for (const auto capability : reading) {
            for (const auto tier : {Tier::observe, Tier::control, Tier::admin}) {
                out.push_back({capability, tier});
            }
        }
        for (const auto capability : changing) {
            for (const auto tier : {Tier::control, Tier::admin}) out.push_back({capability, tier});
        }
        return out;
    }();
    return all;
}

}  // namespace tailops::tools
