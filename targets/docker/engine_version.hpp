#pragma once

#include "gateway/core/error.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::targets {

/// A version of the Docker Engine API, "1.41".
struct EngineVersion {
    int major{0};
    int minor{0};
    std::string text() const { return std::to_string(major) + "." + std::to_string(minor); }
    friend auto operator<=>(const EngineVersion&, const EngineVersion&) = default;
};

/// Nothing when `text` is not of the form N.N.
std::optional<EngineVersion> parse_engine_version(std::string_view text);

/// The versions an engine speaks. `oldest` is unknown when it does not tell.
struct EngineVersions {
    EngineVersion newest;
    std::optional<EngineVersion> oldest{};
};

/// The version to speak with an engine: the newest that both know. An engine that no longer knows
/// ours is spoken to in its oldest. Errors: invalid_argument (the engine is too old for us).
Result<EngineVersion> agree_on_version(const EngineVersions& engine);

}  // namespace tailops::targets
