#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/mcp/service.hpp"

namespace tailops::mcp {

/// The gateway's tools as the protocol serves them: an adapter on the call pipeline.
class GatewayService final : public Service {
public:
    explicit GatewayService(call::Pipeline& pipeline) : pipeline_{pipeline} {}

    std::string instructions() const override;
    std::string listing_key(ListKind, const auth::Principal&) const override;
    const ToolListing* find_tool(std::string_view name) const override;
    std::vector<ToolListing> list_tools(const auth::Principal&) const override;
    Task<Result<ToolOutcome>> call_tool(Caller&, std::string name, JsonPart arguments) override;

private:
    call::Pipeline& pipeline_;
};

}  // namespace tailops::mcp
