#include "gateway/service/caller.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::service {
namespace {

// Indexed by LogLevel.
constexpr std::array<std::string_view, 8> level_names{"debug", "info",     "notice", "warning",
                                                      "error", "critical", "alert",  "emergency"};

}  // namespace

std::string_view to_string(LogLevel level) noexcept
{
    return level_names[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> find_log_level(std::string_view name) noexcept
{
    const auto at = std::ranges::find(level_names, name);
    if (at == level_names.end()) return std::nullopt;
    return static_cast<LogLevel>(at - level_names.begin());
}

bool Caller::can_answer(std::string_view /*method*/, const JsonPart& /*params*/) const
{
    return false;
}

const nlohmann::json* Caller::answer(std::string_view key) const
{
    return answers_ ? find_member(*answers_, key) : nullptr;
}

const nlohmann::json* Caller::accepted(std::string_view key) const
{
    const auto* response = answer(key);
    if (!response || text_member(*response, "action") != "accept") return nullptr;
    const auto* content = find_member(*response, "content");
    return content && content->is_object() ? content : nullptr;
}

void Caller::learn(JsonPart answers, JsonPart state)
{
    answers_ = std::move(answers);
    state_ = std::move(state);
}

}  // namespace tailops::service
