#pragma once

#include "gateway/doors/mcp/wire/param_headers.hpp"
#include "gateway/service/service.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp {

/// What the protocol must know of a tool at each call.
struct ToolTraits {
    std::vector<ParamHeader> param_headers;
    bool may_last{false};
};

/// The traits of the service's tools, read from each schema once. Safe from any strand.
class ToolTraitsTable {
public:
    /// The empty traits for a tool that is not there.
    std::shared_ptr<const ToolTraits> get(const service::Service& service, std::string_view tool);

private:
    struct Entry {
        std::shared_ptr<const service::ToolListing> listing;  // that the traits were read from
        std::shared_ptr<const ToolTraits> traits;
    };
    std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> by_name_;
};

}  // namespace tailops::mcp
