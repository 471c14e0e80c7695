#include "gateway/app/environment.hpp"

#include <cstdlib>

namespace tailops::app {

targets::Environment process_environment()
{
    return [](const std::string& name) -> std::optional<std::string> {
        // Nothing in this process writes the environment once it has started.
        const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
        return value ? std::optional<std::string>{value} : std::nullopt;
    };
}

}  // namespace tailops::app
