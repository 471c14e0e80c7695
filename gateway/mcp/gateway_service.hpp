#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/mcp/service.hpp"

namespace tailops::mcp {

/// The gateway's tools as the protocol serves them: an adapter on the call pipeline.
class GatewayService final : public Service {
public:
    explicit GatewayService(call::Pipeline& pipeline) : pipeline_{pipeline} {}

    std::string instructions() const override;
    std::vector<ToolListing> list_tools(const auth::Principal&) const override;
    std::string listing_key(const auth::Principal&) const override;
    Task<Result<ToolResult>> call_tool(const auth::Principal&,
                                       RequestId,
                                       std::string name,
                                       std::shared_ptr<const nlohmann::json> arguments) override;

private:
    call::Pipeline& pipeline_;
};

}  // namespace tailops::mcp
