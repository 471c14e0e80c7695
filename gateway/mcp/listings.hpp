#pragma once

#include "gateway/mcp/param_headers.hpp"
#include "gateway/mcp/service.hpp"
#include "gateway/mcp/versions.hpp"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tailops::mcp {

/// A principal class's tools as one revision lists them.
struct Listing {
    std::string tools;  // the JSON array of tools/list
    std::map<std::string, std::vector<ParamHeader>, std::less<>> param_headers;  // by tool
};

/// Renders `tools` in the shape of `revision`: what the revision does not know is left out. A tool
/// with a forbidden x-mcp-header is left out and logged, because clients drop it anyway.
Listing render_listing(const std::vector<ToolListing>& tools, Revision revision);

/// Rendered listings, least recently used out first: rendering a full catalogue costs a hundred
/// times what sending it does. Safe from any strand.
class Listings {
public:
    explicit Listings(std::size_t bytes_max) : bytes_max_{bytes_max} {}

    std::shared_ptr<const Listing> get(const Service& service,
                                       const auth::Principal& principal,
                                       Revision revision);

private:
    struct Entry {
        std::string key;
        std::shared_ptr<const Listing> listing;
    };
    std::shared_ptr<const Listing> find(const std::string& key);
    void keep(std::string key, std::shared_ptr<const Listing> listing);

    const std::size_t bytes_max_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // most recently used first
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_key_;
    std::size_t bytes_{0};
};

}  // namespace tailops::mcp
