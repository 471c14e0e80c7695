#include "gateway/doors/mcp/wire/errors.hpp"

#include "gateway/core/text.hpp"

namespace tailops::mcp {

FailureKind kind_of(Errc errc) noexcept
{
    switch (errc) {
    case Errc::invalid_argument:
    case Errc::not_found:
    case Errc::unauthenticated:  // cannot come from a call: the caller was authenticated
    case Errc::internal: return FailureKind::protocol_error;
    case Errc::insufficient_scope: return FailureKind::challenge;
    case Errc::denied:
    case Errc::approval_required:
    case Errc::busy:
    case Errc::deadline_exceeded:
    case Errc::cancelled:
    case Errc::unreachable:
    case Errc::unauthorized_there:
    case Errc::unavailable:
    case Errc::outcome_unknown: return FailureKind::tool_error;
    }
    return FailureKind::protocol_error;
}

Refusal refusal_for(const Error& error, std::optional<MessageId> id)
{
    Refusal refusal{.message = error.public_message(), .id = std::move(id)};
    switch (error.code()) {
    case Errc::invalid_argument:
    case Errc::not_found: refusal.code = code::invalid_params; break;
    case Errc::insufficient_scope:
        refusal.status = 403;
        refusal.code = code::insufficient_scope;
        for (const auto scope : split(error.detail(), ' ')) {
            if (!scope.empty()) refusal.scopes.emplace_back(scope);
        }
        break;
    case Errc::denied:
    case Errc::approval_required: refusal.code = code::refused; break;
    case Errc::busy: refusal.data = R"({"reason":"busy"})"; break;  // not broken: try again
    case Errc::unauthenticated:
    case Errc::deadline_exceeded:
    case Errc::cancelled:
    case Errc::unreachable:
    case Errc::unauthorized_there:
    case Errc::unavailable:
    case Errc::outcome_unknown:
    case Errc::internal: refusal.code = code::internal_error; break;
    }
    return refusal;
}

Refusal internal_error(std::string message, std::optional<MessageId> id)
{
    return {.code = code::internal_error, .message = std::move(message), .id = std::move(id)};
}

Answer to_answer(Refusal refusal, http::Headers headers)
{
    return {.status = refusal.status,
            .headers = std::move(headers),
            .body = error_message(refusal.id, refusal.code, refusal.message, refusal.data),
            .error_code = refusal.code,
            .why = std::move(refusal.message)};
}

}  // namespace tailops::mcp
