#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/core/ids.hpp"
#include "policy/decision.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tailops::audit {

/// Which moment of a call a record tells of.
enum class Phase {
    intent,   // decided; written before anything is done
    outcome,  // what came of it
    event,    // about the gateway itself: start, stop, reload, token minted, recovery
};

/// Of an event: evidence is gone or was changed. Verifying fails while such a record is there.
inline constexpr std::string_view outcome_alarm = "alarm";
/// Of an event: the gateway's state is not what it was, and why may be known to its operator.
inline constexpr std::string_view outcome_notice = "notice";

/// One line of the audit trail: who asked for what, what we said and why, what came of it. Holds no
/// secret: parameters are redacted by whoever fills it (audit/redaction.hpp).
struct Record {
    Phase phase{Phase::event};
    RequestId request{};    // the same in the intent and the outcome of one call
    std::string subject{};  // auth::Identity::key()
    std::string name{};     // what people call the subject
    std::string client{};
    std::string actors{};  // who acts for the subject by delegation, nearest first; mostly none
    std::string method{};  // how the identity was proven
    std::string trace{};   // trace-id of the W3C trace that the caller says it belongs to
    ToolName tool{};
    std::string capability{};
    Tier tier{Tier::observe};
    TargetId target{};
    std::string parameters{};         // JSON object, redacted, clipped
    std::string parameters_sha256{};  // of all of them, where they are clipped; else empty
    std::string idempotency_key{};    // that the call brings; whole, so that it is found again
    policy::Effect effect{policy::Effect::deny};
    std::string why{};
    std::string rule{};            // empty: the default decided
    std::string policy_version{};  // of the gate that decided
    std::string outcome{};         // of a call: a word of gateway/core/call_outcome.hpp;
                                   // of an event: outcome_alarm or outcome_notice
    std::string detail{};          // exit status, what remains, ...; one clause
    std::int64_t elapsed_ms{0};
};

}  // namespace tailops::audit
