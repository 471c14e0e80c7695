#include "gateway/core/call_outcome.hpp"

#include <algorithm>
#include <array>

namespace tailops {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 16> words{"ok",
                                                 "failed",
                                                 "replayed",
                                                 "refused",
                                                 "invalid_argument",
                                                 "not_found",
                                                 "busy",
                                                 "deadline_exceeded",
                                                 "cancelled",
                                                 "unreachable",
                                                 "unauthorized_there",
                                                 "unavailable",
                                                 "outcome_unknown",
                                                 "internal",
                                                 "unknown",
                                                 "running"};
static_assert(words.size() == static_cast<std::size_t>(CallOutcome::running) + 1);

}  // namespace

std::string_view to_string(CallOutcome outcome) noexcept
{
    return words[static_cast<std::size_t>(outcome)];
}

std::optional<CallOutcome> find_call_outcome(std::string_view word) noexcept
{
    const auto at = std::ranges::find(words, word);
    if (at == words.end()) return std::nullopt;
    return static_cast<CallOutcome>(at - words.begin());
}

std::span<const std::string_view> call_outcome_words() noexcept
{
    return words;
}

CallOutcome outcome_of(const Error& error) noexcept
{
    switch (error.code()) {
    case Errc::unauthenticated:
    case Errc::insufficient_scope:
    case Errc::denied:
    case Errc::approval_required: return CallOutcome::refused;
    case Errc::invalid_argument: return CallOutcome::invalid_argument;
    case Errc::not_found: return CallOutcome::not_found;
    case Errc::busy: return CallOutcome::busy;
    case Errc::deadline_exceeded: return CallOutcome::deadline_exceeded;
    case Errc::cancelled: return CallOutcome::cancelled;
    case Errc::unreachable: return CallOutcome::unreachable;
    case Errc::unauthorized_there: return CallOutcome::unauthorized_there;
    case Errc::unavailable: return CallOutcome::unavailable;
    case Errc::outcome_unknown: return CallOutcome::outcome_unknown;
    case Errc::internal: return CallOutcome::internal;
    }
    return CallOutcome::internal;
}

bool is_trouble(CallOutcome outcome) noexcept
{
    return outcome != CallOutcome::ok && outcome != CallOutcome::replayed &&
           outcome != CallOutcome::cancelled && outcome != CallOutcome::running;
}

}  // namespace tailops
