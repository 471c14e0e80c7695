#pragma once

#include "gateway/service/service.hpp"

#include <string_view>
#include <vector>

namespace tailops::service {

/// One thing to do. Left out for an asker who may not use all of `tools`.
struct PromptStep {
    std::vector<std::string_view> tools;  // empty: a step of thought
    std::string_view text;                // `{name}` stands for an argument
};

struct PromptRow {
    std::string_view name;
    std::string_view title;
    std::string_view description;
    std::vector<PromptArgument> arguments;
    std::string_view opening;
    std::vector<PromptStep> steps;
    std::string_view closing;
};

/// Every prompt there is, sorted by name.
const std::vector<PromptRow>& prompt_table();

}  // namespace tailops::service
