#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/arguments.hpp"
#include "gateway/tools/families.hpp"
#include "gateway/tools/path.hpp"
#include "gateway/tools/shown_output.hpp"
#include "targets/http/api_path.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>

namespace tailops::tools {
namespace {

using nlohmann::json;
using targets::ExecutionResult;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view input = R"json({
  "type": "object",
  "properties": {
    "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], "default": "GET",
               "description": "What to do; anything but GET and HEAD counts as a change"},
    "path": {"type": "string", "minLength": 1, "maxLength": 2048, "pattern": "^/",
             "description": "Below the target's base URL, without query", "examples": ["/api/v1/status"]},
    "query": {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]},
              "description": "Query parameters; they are encoded for you", "examples": [{"limit": 10}]},
    "headers": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 4096},
                "description": "Request headers; credentials are the target's own and are added for you",
                "examples": [{"Accept": "application/json"}]},
    "body": {"type": ["string", "object", "array"], "maxLength": 262144,
             "description": "Text as it is; an object or a list is sent as JSON", "examples": [{"enabled": true}]}
  },
  "required": ["path"],
  "additionalProperties": false
})json";

constexpr std::string_view output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean", "description": "Whether the status is below 400"},
    "status": {"type": "integer", "description": "HTTP status"},
    "content_type": {"type": "string"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"},
                "description": "Those of the answer that lead on: location (not followed), link, etag, last-modified, retry-after, allow, content-range, content-encoding, x-total-count, x-next-page"},
    "body": {"type": "string", "description": "Absent when the answer is no text; its beginning when it was too long"},
    "body_tail": {"type": "string", "description": "The end of what was read, when it was too long"},
    "note": {"type": "string", "description": "Why there is no body"},
    "body_bytes": {"type": "integer", "description": "All of it, as far as is known"},
    "truncated": {"type": "boolean", "description": "Something is left out here"},
    "stdout_bytes": {"type": "integer", "description": "The same as body_bytes"},
    "stdout_lines": {"type": "integer", "description": "Of what was read"},
    "run_id": {"type": "string", "description": "For read_output, when something is left out"},
    "read_more": {"type": "string", "description": "The resource that holds the whole body, in pages; `next` of one names the one that follows"},
    "not_kept": {"type": "string", "description": "Why that lacks the end"},
    "elapsed_ms": {"type": "integer"}
  }
})json";

constexpr std::array rights = {Right{{"http", "read"}, Tier::observe},
                               Right{{"http", "write"}, Tier::control}};

bool only_reads(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

bool is_token(std::string_view name)
{
    constexpr std::string_view further = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2
    return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               further.find(c) != further.npos;
    });
}

/// Headers that are the gateway's to write: who is asked, as whom, and how the message is framed.
bool is_reserved(std::string_view lower_name)
{
    constexpr std::array<std::string_view, 14> reserved = {
        "authorization",  "connection",      "content-length",
        "cookie",         "expect",          "forwarded",
        "host",           "keep-alive",      "te",
        "trailer",        "upgrade",         "transfer-encoding",
        "http2-settings", "proxy-connection"};
    return lower_name.starts_with("proxy-") || lower_name.starts_with("x-forwarded-") ||
           std::ranges::find(reserved, lower_name) != reserved.end();
}

Result<Pairs> read_headers(const json& arguments)
{
    Pairs out;
    const auto* headers = find_member(arguments, "headers");
    if (!headers || !headers->is_object()) return out;
    constexpr std::size_t headers_max = 32;
    if (headers->size() > headers_max) {
        return fail(Errc::invalid_argument, "\"headers\" must have at most 32 entries");
    }
    for (const auto& [name, value] : headers->items()) {
        if (!is_token(name)) {
            return fail(Errc::invalid_argument,
                        quote(name) + " is no header name, e.g. \"Accept\"");
        }
        if (is_reserved(lower_ascii(name))) {
            return fail(Errc::invalid_argument,
                        "the header " + quote(name) + " is set by the gateway");
        }
        TAILOPS_TRY(auto text, field<std::string>(*headers, name));
        if (has_control_characters(text)) {
            return fail(Errc::invalid_argument,
                        "the header " + quote(name) + " must not hold control characters");
        }
        out.emplace_back(name, std::move(text));
    }
    return out;
}

Pairs read_query(const json& arguments)
{
    Pairs out;
    const auto* query = find_member(arguments, "query");
    if (!query || !query->is_object()) return out;
    for (const auto& [name, value] : query->items()) {
        out.emplace_back(name, value.is_string() ? value.get<std::string>() : dump_json(value));
    }
    return out;
}

bool has_header(const Pairs& headers, std::string_view lower_name)
{
    return std::ranges::any_of(
        headers, [&](const auto& header) { return lower_ascii(header.first) == lower_name; });
}

/// The content type without its parameters, and its charset.
struct MediaType {
    std::string name;
    std::string charset;
};

MediaType media_type_of(std::string_view text)
{
    const auto lower = lower_ascii(text);
    const auto parts = split(lower, ';');
    MediaType out{.name = std::string{trim(parts.front())}, .charset = {}};
    constexpr std::string_view name = "charset=";
    for (const auto part : parts) {
        auto value = trim(part);
        if (!value.starts_with(name)) continue;
        value.remove_prefix(name.size());
        if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
        out.charset = value;
    }
    return out;
}

/// Whether a server that says so means text, whatever single bytes of it are.
bool is_textual(const MediaType& type)
{
    return type.name.starts_with("text/") || type.name.ends_with("json") ||
           type.name.ends_with("xml") || type.name.ends_with("yaml") ||
           type.name.ends_with("javascript");
}

/// The bytes of ISO 8859-1 are the first 256 characters of Unicode.
std::string from_latin1(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | (byte >> 6));
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

/// How the body is compressed, if it is.
std::string_view compression_of(const ExecutionResult& result)
{
    for (const auto& [name, value] : result.headers) {
        if (name == "content-encoding" && value != "identity") return value;
    }
    return {};
}

/// The result with its body as UTF-8, where what the server calls text is none: as its charset has
/// it, or with U+FFFD for the bytes that mean nothing.
std::optional<ExecutionResult> repaired(const ExecutionResult& result)
{
    const auto type = media_type_of(result.content_type);
    const bool is_binary = result.output.find('\0') != std::string::npos;
    if (!is_textual(type) || is_binary || !compression_of(result).empty()) return std::nullopt;
    const bool is_latin1 =
        type.charset == "iso-8859-1" || type.charset == "latin1" || type.charset == "windows-1252";
    const auto repair = is_latin1 ? from_latin1 : repair_utf8;
    auto out = result;
    out.output = repair(result.output);
    out.output_tail = repair(result.output_tail);
    return out;
}

std::string why_no_body(const ExecutionResult& result)
{
    const auto bytes = std::to_string(result.output_bytes);
    const auto compression = compression_of(result);
    if (compression.empty()) return "the answer is no text; " + bytes + " bytes are not shown";
    return "the answer is compressed (" + std::string{compression} +
           "), which was not asked for; " + bytes + " bytes are not shown";
}

json shown_headers(const ExecutionResult& result)
{
    auto out = json::object();
    for (const auto& [name, value] : result.headers) out.emplace(name, value);
    return out;
}

Result<json> present(const ExecutionResult& result)
{
    json out{{"success", result.status < 400},
             {"status", result.status},
             {"body_bytes", result.output_bytes},
             {"elapsed_ms", result.elapsed.count()}};
    if (!result.content_type.empty()) out["content_type"] = escaped_line(result.content_type, 200);
    if (!result.headers.empty()) out["headers"] = shown_headers(result);
    // A text that was cut may end inside a character; three bytes are the most that can be missing.
    std::string_view text = result.output;
    for (int cut = 0; result.truncated && cut < 3 && !is_valid_utf8(text); ++cut)
        text.remove_suffix(1);
    if (is_valid_utf8(text) && text.find('\0') == text.npos) {
        add_output(out, "body", result);
        // Without an end it was not cut by us, and may still end inside a character.
        if (result.output_tail.empty()) out["body"] = text;
        return out;
    }
    if (const auto text_of_it = repaired(result)) {
        add_output(out, "body", *text_of_it);
        if (text_of_it->output_tail.empty()) out["body"] = text_of_it->output;
        return out;
    }
    out["note"] = why_no_body(result);
    if (result.truncated) add_extent(out, result.output_bytes, result.output_lines);
    return out;
}

Result<Plan> plan(const json& arguments, const PlanContext&)
{
    const auto method = text_or(arguments, "method", "GET");
    TAILOPS_TRY(const auto path, field<std::string>(arguments, "path"));
    if (auto canonical = targets::check_canonical_path(path); !canonical) {
        return fail(std::move(canonical).error());
    }
    TAILOPS_TRY(auto headers, read_headers(arguments));
    const bool is_reading = only_reads(method);
    targets::HttpCall call{.method = method,
                           .path = path,
                           .query = read_query(arguments),
                           .headers = std::move(headers),
                           .body = {}};
    if (const auto* body = find_member(arguments, "body")) {
        if (is_reading) {
            return fail(Errc::invalid_argument,
                        "\"body\" does not go with " + method + ", e.g. use POST");
        }
        call.body = body->is_string() ? body->get<std::string>() : dump_json(*body);
        if (!has_header(call.headers, "content-type")) {
            call.headers.emplace_back("Content-Type", body->is_string()
                                                          ? "text/plain; charset=utf-8"
                                                          : "application/json");
        }
    }
    return Plan{.right = right_of_method(method),
                .operation = std::move(call),
                .parameters = {{"method", method}, {"path", path}},
                .aliases = {{"path", aliases_of_path(path)}},
                .present = as_content(present),
                .rest = Plan::Rest::kept};
}

}  // namespace

policy::Aliases aliases_of_path(const std::string& path)
{
    return {.same = {}, .others = targets::slash_spellings(path), .any_case = true};
}

Right right_of_method(std::string_view method)
{
    return only_reads(method) ? rights[0] : rights[1];
}

std::vector<Tool> http_tools()
{
    return {
        Tool{.name = "http_request",
             .title = "HTTP request to an API",
             .summary =
                 "Sends a request to the HTTP API of a target and shows what it answers. The "
                 "gateway adds the credentials.",
             .input_schema = std::string{input},
             .output_schema = std::string{output},
             .rights = {rights.begin(), rights.end()},
             .annotations =
                 {.read_only = false, .destructive = true, .idempotent = false, .open_world = true},
             .plan = plan,
             .facet = targets::Facet::http_api},
    };
}

}  // namespace tailops::tools
