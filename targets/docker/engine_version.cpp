#include "targets/docker/engine_version.hpp"

#include "gateway/core/text.hpp"

namespace tailops::targets {

namespace {

// What our calls were written against. Docker 25 and later speak it, and Docker 29 speaks nothing
// older (its MinAPIVersion is 1.44); older engines are spoken to in their own newest version.
constexpr EngineVersion newest_known{1, 44};

// Docker 1.12 (2016): the oldest whose answers our tools understand.
constexpr EngineVersion oldest_known{1, 24};

std::optional<int> parse_number(std::string_view text)
{
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto number = parse_int(text, 0, 9999);
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
}

}  // namespace

std::optional<EngineVersion> parse_engine_version(std::string_view text)
{
    const auto parts = split(text, '.');
    if (parts.size() != 2) return std::nullopt;
    const auto major = parse_number(parts[0]);
    const auto minor = parse_number(parts[1]);
    if (!major || !minor) return std::nullopt;
    return EngineVersion{*major, *minor};
}

Result<EngineVersion> agree_on_version(const EngineVersions& engine)
{
    if (engine.newest < oldest_known) {
        return fail(Errc::invalid_argument, "the Docker engine is too old: it speaks API " +
                                                engine.newest.text() + ", we need at least " +
                                                oldest_known.text());
    }
    if (engine.oldest && *engine.oldest > newest_known) return *engine.oldest;
    return std::min(engine.newest, newest_known);
}

}  // namespace tailops::targets
