#pragma once

#include "gateway/tools/kit/tool_of.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

/// What an engine answers when it does not do what it was asked, and what it is asked first.
namespace tailops::tools::containers {

struct EngineFailure {
    bool success{false};
    std::string error{};

    static void fields(kit::Fields& f, EngineFailure& s);
};

struct ContainerFailure {
    bool success{false};
    std::string error{};
    std::string container{};

    static void fields(kit::Fields& f, ContainerFailure& s);
};

/// Empty on success (2xx and 304).
std::optional<EngineFailure> engine_failure(const targets::ExecutionResult& result);

/// The same of a call about one container, which there may not be.
std::optional<ContainerFailure> container_failure(const targets::ExecutionResult& result,
                                                  const std::string& container);

/// What answers with something else than the Engine's API has: not the caller's fault.
Error not_of_an_engine(const targets::ExecutionResult& result);

/// The container that the engine tells of in `text`. Errors: not_of_an_engine().
Result<nlohmann::json> told_container(const targets::ExecutionResult& result,
                                      std::string_view text);

/// The question what the engine takes `word` for: the name of a container, its id, or how that
/// begins.
Naming naming_of(const std::string& word);

}  // namespace tailops::tools::containers
