#pragma once

#include "gateway/tools/tool.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// The tools that there are, sorted by name: what a daemon can be asked for, and so its attack
/// surface. A world has one (call/world.hpp). Immutable; safe from any thread.
class ToolCatalogue {
public:
    /// Names are unique.
    explicit ToolCatalogue(std::vector<Tool> tools);

    /// Those of this program.
    static std::shared_ptr<const ToolCatalogue> shipped();

    std::span<const Tool> all() const noexcept { return tools_; }
    /// Null when there is no such tool.
    const Tool* find(std::string_view name) const noexcept;

    /// The schema of the arguments of a tool of this catalogue, as full_input_schema() makes it.
    const nlohmann::json& arguments_schema(const Tool& tool) const;

    /// Checks arguments against it. Errors: invalid_argument, naming the field, the rule it broke
    /// and an example of a value that fits, e.g. `"limit" must be at most 100, e.g. 10`.
    Status validate(const Tool& tool, const nlohmann::json& arguments) const;

private:
    std::vector<Tool> tools_;
    std::vector<std::shared_ptr<const nlohmann::json>> schemas_;  // of the tools' arguments
};

}  // namespace tailops::tools
