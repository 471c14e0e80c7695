#pragma once

#include "auth/principal.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/core/ids.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tailops::mcp {

/// A tool as the protocol lists it.
struct ToolListing {
    std::string name;
    std::string title;
    std::string description;
    std::shared_ptr<const nlohmann::json> input_schema;
    std::shared_ptr<const nlohmann::json> output_schema;  // null: none
    std::shared_ptr<const nlohmann::json> annotations;    // null: none
};

/// What a tool call came to. A failure that the model should read is a result with `is_error`.
struct ToolResult {
    std::string text;                                  // the text block
    std::shared_ptr<const nlohmann::json> structured;  // null: none
    bool is_error{false};
};

/// What is served over the protocol: the gateway, or a fixture of the conformance tests. The
/// protocol calls it; it knows nothing of JSON-RPC, eras or HTTP. Safe from any strand.
class Service {
public:
    Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    virtual ~Service() = default;

    virtual std::string instructions() const = 0;

    /// Sorted by name; only what the principal may use.
    virtual std::vector<ToolListing> list_tools(const auth::Principal&) const = 0;
    /// Equal keys mean equal answers of list_tools: the rendered list is kept under it.
    virtual std::string listing_key(const auth::Principal&) const = 0;

    /// Errors: not_found (no such tool, or not for this principal) and invalid_argument in the
    /// shape of the request become JSON-RPC errors; insufficient_scope becomes an HTTP challenge
    /// with the scopes in the error's detail; all others are results with `is_error` already.
    virtual Task<Result<ToolResult>> call_tool(const auth::Principal&,
                                               RequestId,
                                               std::string name,
                                               std::shared_ptr<const nlohmann::json> arguments) = 0;
};

}  // namespace tailops::mcp
