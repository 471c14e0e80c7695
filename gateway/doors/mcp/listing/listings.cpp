#include "gateway/doors/mcp/listing/listings.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

#include <numeric>

namespace tailops::mcp {
namespace {

// Enough of a digest that two states of a list are told apart; a cursor is no secret.
constexpr std::size_t mark_chars = 16;

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

/// As append_text, but nothing for an empty text.
void append_optional(std::string& out, std::string_view name, std::string_view value)
{
    if (!value.empty()) append_text(out, name, value);
}

void append_value(std::string& out, std::string_view name, const nlohmann::json& value)
{
    append_member(out, name);
    append_json(out, value);
}

/// Titles beside names exist since 2025-06-18.
void append_title(std::string& out, std::string_view title, Revision revision)
{
    if (revision != Revision::v2025_03_26) append_optional(out, "title", title);
}

/// Before 2026-07-28 a structured result, and so its schema, is an object.
bool has_output_schema(const service::ToolListing& tool, Revision revision)
{
    if (!tool.output_schema || revision == Revision::v2025_03_26) return false;
    return is_modern(revision) || text_member(*tool.output_schema, "type") == "object";
}

std::string text_of(const service::ToolListing& tool, Revision revision)
{
    std::string out = "{";
    append_text(out, "name", tool.name);
    append_title(out, tool.title, revision);
    append_text(out, "description", tool.description);
    append_value(out, "inputSchema", *tool.input_schema);
    if (has_output_schema(tool, revision)) append_value(out, "outputSchema", *tool.output_schema);
    if (tool.annotations) append_value(out, "annotations", *tool.annotations);
    return out + '}';
}

std::string text_of(const service::PromptListing& prompt, Revision revision)
{
    std::string out = "{";
    append_text(out, "name", prompt.name);
    append_title(out, prompt.title, revision);
    append_optional(out, "description", prompt.description);
    append_member(out, "arguments");
    out += '[';
    for (const auto& argument : prompt.arguments) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_text(out, "name", argument.name);
        append_optional(out, "description", argument.description);
        append_member(out, "required");
        out += argument.required ? "true}" : "false}";
    }
    return out + "]}";
}

std::string text_of(const service::ResourceListing& resource,
                    std::string_view uri_name,
                    Revision revision)
{
    std::string out = "{";
    append_text(out, uri_name, resource.uri);
    append_text(out, "name", resource.name);
    append_title(out, resource.title, revision);
    append_optional(out, "description", resource.description);
    append_optional(out, "mimeType", resource.mime_type);
    return out + '}';
}

std::vector<std::string> tool_texts(const std::vector<service::ToolListing>& tools,
                                    Revision revision)
{
    std::vector<std::string> out;
    for (const auto& tool : tools) {
        const auto headers = param_headers(*tool.input_schema);
        if (headers) {
            out.push_back(text_of(tool, revision));
        } else {
            log(Event::internal_error, {{"tool", tool.name}, {"why", headers.error().describe()}});
        }
    }
    return out;
}

std::vector<std::string> items(const service::Service& service,
                               service::ListKind kind,
                               const auth::Principal& principal,
                               Revision revision)
{
    std::vector<std::string> out;
    switch (kind) {
    case service::ListKind::tools: return tool_texts(service.list_tools(principal), revision);
    case service::ListKind::prompts:
        for (const auto& prompt : service.list_prompts(principal)) {
            out.push_back(text_of(prompt, revision));
        }
        return out;
    case service::ListKind::resources:
        for (const auto& resource : service.list_resources(principal)) {
            out.push_back(text_of(resource, "uri", revision));
        }
        return out;
    case service::ListKind::resource_templates:
        for (const auto& resource : service.list_resource_templates(principal)) {
            out.push_back(text_of(resource, "uriTemplate", revision));
        }
        return out;
    }
    return out;
}

}  // namespace

std::size_t Listing::bytes() const
{
    return std::accumulate(pages.begin(), pages.end(), std::size_t{0},
                           [](std::size_t sum, const auto& page) { return sum + page.size(); });
}

std::string cursor_of(const Listing& listing, std::size_t page)
{
    return to_base64url(listing.mark + '.' + std::to_string(page));
}

Result<std::size_t> page_of(const Listing& listing, std::string_view cursor)
{
    const auto text = from_base64url(cursor);
    const auto parts = text ? split(*text, '.') : std::vector<std::string_view>{};
    if (parts.size() == 2 && parts[0] == listing.mark) {
        const auto last = static_cast<std::int64_t>(listing.pages.size()) - 1;
        const auto page = parse_int(parts[1], 1, last).value_or(0);
        // Letter by letter: base64 and numbers can be written in more ways than ours.
        const auto named = static_cast<std::size_t>(page);
        if (named > 0 && cursor == cursor_of(listing, named)) return named;
    }
    return fail(Errc::invalid_argument,
                "\"cursor\" is none of this list, or the list has changed; begin again without it");
}

Listing render_listing(const service::Service& service,
                       service::ListKind kind,
                       const auth::Principal& principal,
                       Revision revision,
                       std::size_t page_items_max)
{
    Listing listing;
    std::string page = "[";
    std::size_t on_page = 0;
    for (const auto& item : items(service, kind, principal, revision)) {
        if (on_page == page_items_max) {
            listing.pages.push_back(std::move(page) + ']');
            page = "[";
            on_page = 0;
        }
        if (on_page++ > 0) page += ',';
        page += item;
    }
    listing.pages.push_back(std::move(page) + ']');
    if (listing.pages.size() > 1) {
        std::string whole;
        for (const auto& part : listing.pages) whole += part;
        listing.mark = to_hex(sha256(whole)).substr(0, mark_chars);
    }
    return listing;
}

std::shared_ptr<const Listing> Listings::get(const service::Service& service,
                                             service::ListKind kind,
                                             const auth::Principal& principal,
                                             Revision revision)
{
    auto key = std::string{to_string(revision)} + ' ' + std::to_string(static_cast<int>(kind)) +
               ' ' + service.listing_key(kind, principal);
    if (auto found = find(key)) return found;
    auto listing = std::make_shared<const Listing>(
        render_listing(service, kind, principal, revision, page_items_max_));
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
    bytes_ += listing->bytes();
    entries_.push_front({key, std::move(listing)});
    by_key_.emplace(std::move(key), entries_.begin());
    while (bytes_ > bytes_max_ && entries_.size() > 1) {
        bytes_ -= entries_.back().listing->bytes();
        by_key_.erase(entries_.back().key);
        entries_.pop_back();
    }
}

}  // namespace tailops::mcp
