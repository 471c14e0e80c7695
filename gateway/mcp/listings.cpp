#include "gateway/mcp/listings.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/mcp/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

void append_member(std::string& out, std::string_view name)
{
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
}

void append_text(std::string& out, std::string_view name, std::string_view value)
{
    append_member(out, name);
    append_json_string(out, value);
}

void append_value(std::string& out, std::string_view name, const nlohmann::json& value)
{
    append_member(out, name);
    append_json(out, value);
}

/// Before 2026-07-28 a structured result, and so its schema, is an object.
bool has_output_schema(const ToolListing& tool, Revision revision)
{
    if (!tool.output_schema || revision == Revision::v2025_03_26) return false;
    return is_modern(revision) || text_member(*tool.output_schema, "type") == "object";
}

void append_tool(std::string& out, const ToolListing& tool, Revision revision)
{
    out += '{';
    append_text(out, "name", tool.name);
    if (!tool.title.empty() && revision != Revision::v2025_03_26) {
        append_text(out, "title", tool.title);
    }
    append_text(out, "description", tool.description);
    append_value(out, "inputSchema", *tool.input_schema);
    if (has_output_schema(tool, revision)) append_value(out, "outputSchema", *tool.output_schema);
    if (tool.annotations) append_value(out, "annotations", *tool.annotations);
    out += '}';
}

}  // namespace

Listing render_listing(const std::vector<ToolListing>& tools, Revision revision)
{
    Listing listing;
    listing.tools = "[";
    for (const auto& tool : tools) {
        auto headers = param_headers(*tool.input_schema);
        if (!headers) {
            log(Event::internal_error, {{"tool", tool.name}, {"why", headers.error().describe()}});
            continue;
        }
        if (!headers->empty()) listing.param_headers.emplace(tool.name, *std::move(headers));
        if (listing.tools.size() > 1) listing.tools += ',';
        append_tool(listing.tools, tool, revision);
    }
    listing.tools += ']';
    return listing;
}

std::shared_ptr<const Listing> Listings::get(const Service& service,
                                             const auth::Principal& principal,
                                             Revision revision)
{
    auto key = std::string{to_string(revision)} + ' ' + service.listing_key(principal);
    if (auto found = find(key)) return found;
    auto listing =
        std::make_shared<const Listing>(render_listing(service.list_tools(principal), revision));
    keep(std::move(key), listing);
    return listing;
}

std::shared_ptr<const Listing> Listings::find(const std::string& key)
{
    const std::scoped_lock lock{mutex_};
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->listing;
}

void Listings::keep(std::string key, std::shared_ptr<const Listing> listing)
{
    const std::scoped_lock lock{mutex_};
    if (by_key_.contains(key)) return;
    bytes_ += listing->tools.size();
    entries_.push_front({key, std::move(listing)});
    by_key_.emplace(std::move(key), entries_.begin());
    while (bytes_ > bytes_max_ && entries_.size() > 1) {
        bytes_ -= entries_.back().listing->tools.size();
        by_key_.erase(entries_.back().key);
        entries_.pop_back();
    }
}

}  // namespace tailops::mcp
