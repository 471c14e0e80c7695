#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/service/call_rate.hpp"
#include "gateway/service/compact_tools.hpp"
#include "gateway/service/gateway_completions.hpp"
#include "gateway/service/gateway_resources.hpp"
#include "gateway/service/service.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tailops::service {

struct GatewayServiceSettings {
    ToolExposure exposure{ToolExposure::full};
    OwnRecords own_records;
    std::chrono::milliseconds progress_interval{5000};  // of calls whose client asked for progress
    std::size_t calls_per_minute{0};  // of each principal, other requests too; 0: no bound
};

/// The gateway as the protocol serves it: an adapter on the call pipeline.
class GatewayService final : public Service {
public:
    GatewayService(call::Pipeline& pipeline, const Clock& clock, GatewayServiceSettings settings);

    Status admit(const auth::Principal& principal) override { return check_rate(principal); }
    std::string instructions() const override;
    Features features() const override
    {
        return {.prompts = true, .resources = true, .completions = true, .logging = true};
    }
    std::string listing_key(ListKind, const auth::Principal&) const override;
    std::shared_ptr<const ToolListing> find_tool(std::string_view name) const override;
    std::vector<ToolListing> list_tools(const auth::Principal&) const override;
    std::vector<PromptListing> list_prompts(const auth::Principal&) const override;
    std::vector<ResourceListing> list_resources(const auth::Principal&) const override;
    std::vector<ResourceListing> list_resource_templates(const auth::Principal&) const override;
    Task<Result<ToolOutcome>> call_tool(Caller&, std::string name, JsonPart arguments) override;
    Task<Result<Outcome<PromptResult>>> get_prompt(Caller&,
                                                   std::string name,
                                                   JsonPart arguments) override;
    Task<Result<Outcome<ResourceResult>>> read_resource(Caller&, std::string uri) override;
    Task<Result<Completion>> complete(Caller&, CompletionQuery) override;
    Following following(const auth::Principal&, std::string_view uri) const override;

private:
    using Listings = std::map<std::string, std::shared_ptr<const ToolListing>, std::less<>>;
    /// Those of the present world's tools, made once for each catalogue.
    std::shared_ptr<const Listings> listings() const;
    std::vector<ToolListing> usable_tools(const auth::Principal&) const;
    /// Counts a call, a reading or what else costs. Errors: busy, which says how long to wait.
    Status check_rate(const auth::Principal&);
    Task<Result<ToolOutcome>> run_tool(Caller& caller, std::string name, JsonPart arguments);

    call::Pipeline& pipeline_;
    const ToolExposure exposure_;
    const std::chrono::milliseconds progress_interval_;
    const std::size_t calls_per_minute_;
    CallRate rate_;
    GatewayResources resources_;
    GatewayCompletions completions_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const tools::ToolCatalogue> listed_;  // guarded by mutex_, as is
    mutable std::shared_ptr<const Listings> listings_;            // what was made of it
};

}  // namespace tailops::service
