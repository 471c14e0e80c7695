#pragma once

#include "gateway/doors/mcp/wire/param_headers.hpp"
#include "gateway/doors/mcp/wire/versions.hpp"
#include "gateway/service/service.hpp"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::mcp {

/// A list as one revision writes it for one class of principals, cut into pages.
struct Listing {
    std::vector<std::string> pages;  // JSON arrays; at least one
    std::string mark;                // of this very list: its cursors carry it

    std::size_t bytes() const;
};

/// The text of a nextCursor: opaque to clients, good for one state of one list.
std::string cursor_of(const Listing& listing, std::size_t page);
/// The page that a cursor names. Errors: invalid_argument (not ours, or of a list that has changed
/// since: begin again without a cursor).
Result<std::size_t> page_of(const Listing& listing, std::string_view cursor);

/// Renders what `service` lists in the shape of `revision`: what the revision does not know is left
/// out. A tool with a forbidden x-mcp-header is left out and logged, because clients drop it
/// anyway.
Listing render_listing(const service::Service& service,
                       service::ListKind kind,
                       const auth::Principal& principal,
                       Revision revision,
                       std::size_t page_items_max);

/// Rendered lists, least recently used out first: rendering a full catalogue costs a hundred times
/// what sending it does. Safe from any strand.
class Listings {
public:
    Listings(std::size_t bytes_max, std::size_t page_items_max)
        : bytes_max_{bytes_max},
          page_items_max_{page_items_max}
    {
    }

    std::shared_ptr<const Listing> get(const service::Service& service,
                                       service::ListKind kind,
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
    const std::size_t page_items_max_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // most recently used first
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_key_;
    std::size_t bytes_{0};
};

}  // namespace tailops::mcp
