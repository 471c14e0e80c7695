#pragma once

#include "gateway/audit/record.hpp"

#include <string>
#include <utility>

namespace tailops::app {

/// The record of something that befell the gateway itself. `outcome`: "ok", audit::outcome_alarm or
/// audit::outcome_notice.
inline audit::Record gateway_event(std::string why, std::string_view outcome = "ok")
{
    audit::Record record;
    record.phase = audit::Phase::event;
    record.effect = policy::Effect::allow;
    record.why = std::move(why);
    record.outcome = outcome;
    return record;
}

}  // namespace tailops::app
