#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/mcp/service.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp {

/// The records of one principal, newest first, as a JSON array. Errors: those of audit::query.
using OwnRecords = std::function<Task<Result<nlohmann::json>>(const auth::Principal&)>;

/// What the gateway knows, by URI. Reading a resource is a call of the tool that answers the same
/// question: the gate decides it and the trail records it, and nobody reads what it may not ask.
class GatewayResources {
public:
    GatewayResources(call::Pipeline& pipeline, OwnRecords own_records)
        : pipeline_{pipeline},
          own_records_{std::move(own_records)}
    {
    }

    std::vector<ResourceListing> list(const auth::Principal&) const;
    static std::vector<ResourceListing> templates();

    /// Errors: not_found (no such resource, or not for this principal), or those of the tool.
    Task<Result<ResourceResult>> read(Caller& caller, std::string uri);

    /// A target's own resources can be followed, by those who see the target.
    bool may_follow(const auth::Principal&, std::string_view uri) const;

private:
    Task<Result<nlohmann::json>> content_of(Caller& caller, std::string uri);
    Task<Result<nlohmann::json>> ask(Caller& caller, std::string tool, nlohmann::json arguments);
    Task<Result<nlohmann::json>> target(Caller& caller, std::string id, bool only_state);

    call::Pipeline& pipeline_;
    const OwnRecords own_records_;
};

/// The URIs under which a target's changes are told.
std::vector<std::string> uris_of_target(const TargetId& id);

}  // namespace tailops::mcp
