#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/service/changes.hpp"
#include "gateway/service/resource_address.hpp"
#include "gateway/service/service.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::service {

/// The newest records of one principal, as an object that says whether there are more. Errors:
/// those of audit::query.
using OwnRecords = std::function<Task<Result<nlohmann::json>>(const auth::Principal&)>;

/// What the gateway knows, by URI. Reading a resource is a call of the tool that answers the same
/// question, or, where none does, a question of its own: the gate decides it and the trail records
/// it, and nobody reads what it may not ask.
class GatewayResources {
public:
    GatewayResources(call::Pipeline& pipeline, OwnRecords own_records)
        : pipeline_{pipeline},
          own_records_{std::move(own_records)}
    {
    }

    /// Only what the policy lets the principal read.
    std::vector<ResourceListing> list(const auth::Principal&) const;
    std::vector<ResourceListing> templates(const auth::Principal&) const;
    static std::vector<ResourceListing> all_templates();

    /// Errors: not_found (no such resource, or not for this principal), or those of the tool.
    Task<Result<ResourceResult>> read(Caller& caller, std::string uri);

    /// By the rights of this moment. The caller's own records and runs cannot be followed.
    Following following(const auth::Principal&, std::string_view uri) const;

private:
    Task<Result<nlohmann::json>> content_of(Caller& caller, std::string uri);
    Task<Result<nlohmann::json>> read_own(Caller& caller,
                                          ResourceAddress::Kind kind,
                                          std::string uri);
    Task<Result<nlohmann::json>> catalogue(auth::Principal principal) const;
    Task<Result<nlohmann::json>> ask(Caller& caller, std::string tool, nlohmann::json arguments);
    Task<Result<nlohmann::json>> target(Caller& caller, ResourceAddress address);
    Task<Result<nlohmann::json>> me(Caller& caller);
    Task<Result<nlohmann::json>> command(Caller& caller, std::string name);
    Task<Result<nlohmann::json>> output(Caller& caller, ResourceAddress address);
    bool may_read(const auth::Principal&, ResourceAddress::Kind) const;

    call::Pipeline& pipeline_;
    const OwnRecords own_records_;
};

/// What changes when a target comes into another state: its own resources, and the list for those
/// who may see the target.
std::vector<change::Resource> changes_of_target(const TargetId& id);

}  // namespace tailops::service
