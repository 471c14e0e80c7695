#include "gateway/core/error.hpp"

namespace tailops {

std::string_view to_string(Errc code) noexcept
{
    switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::insufficient_scope: return "insufficient_scope";
    case Errc::denied: return "denied";
    case Errc::not_found: return "not_found";
    case Errc::approval_required: return "approval_required";
    case Errc::busy: return "busy";
    case Errc::deadline_exceeded: return "deadline_exceeded";
    case Errc::cancelled: return "cancelled";
    case Errc::unreachable: return "unreachable";
    case Errc::unauthorized_there: return "unauthorized_there";
    case Errc::unavailable: return "unavailable";
    case Errc::outcome_unknown: return "outcome_unknown";
    case Errc::internal: return "internal";
    }
    return "internal";
}

std::optional<Errc> find_errc(std::string_view name) noexcept
{
    for (int code = 0; code <= static_cast<int>(Errc::internal); ++code) {
        if (to_string(static_cast<Errc>(code)) == name) return static_cast<Errc>(code);
    }
    return std::nullopt;
}

std::string Error::describe() const
{
    std::string out;
    for (const Error* error = this; error; error = error->cause_.get()) {
        if (!out.empty()) out += ": ";
        out += to_string(error->code_);
        out += ": " + error->public_message_;
        if (!error->detail_.empty()) out += " (" + error->detail_ + ")";
    }
    return out;
}

}  // namespace tailops
