#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/http/answer_text.hpp"
#include "gateway/tools/http/method_rights.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/path.hpp"
#include "gateway/tools/shown_output.hpp"
#include "targets/http/api_path.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>

namespace tailops::tools {
namespace {

using kit::Fields;
using targets::ExecutionResult;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Texts = std::map<std::string, std::string>;
using Values = std::map<std::string, kit::Json>;

enum class Method { get, head, post, put, patch, remove };

constexpr std::array<std::string_view, 6> words(Method)
{
    return {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
}

constexpr std::size_t body_bytes_max = 256 * 1024;
constexpr std::array<std::string_view, 3> value_types = {"string", "integer", "boolean"};
constexpr std::array<std::string_view, 3> body_types = {"string", "object", "array"};
constexpr kit::Rules value_rules{.types = value_types};
constexpr kit::Rules header_rules{.longest = 4096};

struct RequestWanted {
    Method method{};
    std::string path{};
    Values query{};
    Texts headers{};
    kit::Json body{};

    static void fields(Fields& f, RequestWanted& s)
    {
        f("method", s.method, "What to do; anything but GET and HEAD counts as a change");
        f("path", s.path, "Below the target's base URL, without query",
          {.required = true,
           .shortest = 1,
           .longest = 2048,
           .pattern = "^/",
           .example = "/api/v1/status"});
        f("query", s.query, "Query parameters; they are encoded for you",
          {.example = R"({"limit": 10})", .of_items = &value_rules});
        f("headers", s.headers,
          "Request headers; credentials are the target's own and are added for you",
          {.example = R"({"Accept": "application/json"})", .of_items = &header_rules});
        f("body", s.body, "Text as it is; an object or a list is sent as JSON",
          {.longest = body_bytes_max, .example = R"({"enabled": true})", .types = body_types});
    }
};

struct Answer {
    bool success{};
    std::int64_t status{};
    std::optional<std::string> content_type{};
    std::optional<Texts> headers{};
    TextOutput body{};
    std::optional<std::string> note{};
    std::uint64_t body_bytes{};
    std::int64_t elapsed_ms{};

    static void fields(Fields& f, Answer& s)
    {
        f("success", s.success, "Whether the status is below 400");
        f("status", s.status, "HTTP status");
        f("content_type", s.content_type);
        f("headers", s.headers,
          "Those of the answer that lead on: location (not followed), link, etag, last-modified, "
          "retry-after, allow, content-range, content-encoding, x-total-count, x-next-page");
        text_fields(
            f, s.body,
            {.name = "body",
             .text = "Absent when the answer is no text; its beginning when it was too long",
             .tail = "The end of what was read, when it was too long",
             .bytes = "The same as body_bytes",
             .lines = "Of what was read",
             .read_more = "The resource that holds the whole body, in pages; `next` of one names "
                          "the one that follows"});
        f("note", s.note, "Why there is no body");
        f("body_bytes", s.body_bytes, "All of it, as far as is known");
        f("elapsed_ms", s.elapsed_ms);
    }
};

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

/// Errors: invalid_argument, which names the header.
Result<Pairs> checked_headers(const Texts& headers)
{
    constexpr std::size_t headers_max = 32;
    if (headers.size() > headers_max) {
        return fail(Errc::invalid_argument, "\"headers\" must have at most 32 entries");
    }
    for (const auto& [name, value] : headers) {
        if (!is_token(name)) {
            return fail(Errc::invalid_argument,
                        quote(name) + " is no header name, e.g. \"Accept\"");
        }
        if (is_reserved(lower_ascii(name))) {
            return fail(Errc::invalid_argument,
                        "the header " + quote(name) + " is set by the gateway");
        }
        if (has_control_characters(value)) {
            return fail(Errc::invalid_argument,
                        "the header " + quote(name) + " must not hold control characters");
        }
    }
    return Pairs{headers.begin(), headers.end()};
}

std::string text_of(const nlohmann::json& value)
{
    return value.is_string() ? value.get<std::string>() : dump_json(value);
}

Pairs query_of(const Values& values)
{
    Pairs out;
    for (const auto& [name, value] : values) {
        if (value) out.emplace_back(name, text_of(*value));
    }
    return out;
}

bool has_header(const Pairs& headers, std::string_view lower_name)
{
    return std::ranges::any_of(
        headers, [&](const auto& header) { return lower_ascii(header.first) == lower_name; });
}

Result<Answer> read_answer(const ExecutionResult& result)
{
    Answer out{.success = result.status < 400,
               .status = result.status,
               .body_bytes = result.output_bytes,
               .elapsed_ms = result.elapsed.count()};
    if (!result.content_type.empty()) out.content_type = escaped_line(result.content_type, 200);
    if (!result.headers.empty()) out.headers.emplace(result.headers.begin(), result.headers.end());
    if (const auto text = answer_as_text(result)) {
        out.body = text_output(*text);
    } else {
        add_extent(out.body, result);
        out.note = why_no_text(result);
    }
    return out;
}

/// Puts the body into the call, with a content type where the caller names none. Errors:
/// invalid_argument.
Status add_body(targets::HttpCall& call, const nlohmann::json& body, Tier tier)
{
    if (tier == Tier::observe) {
        return fail(Errc::invalid_argument,
                    "\"body\" does not go with " + call.method + ", e.g. use POST");
    }
    call.body = text_of(body);
    if (!has_header(call.headers, "content-type")) {
        call.headers.emplace_back(
            "Content-Type", body.is_string() ? "text/plain; charset=utf-8" : "application/json");
    }
    return {};
}

Result<kit::PlanOf<Answer>> plan(const RequestWanted& wanted, const PlanContext&)
{
    const auto method = kit::word_of(wanted.method);
    const auto right = right_of_method(method);
    TAILOPS_CHECK(targets::check_canonical_path(wanted.path));
    TAILOPS_TRY(auto headers, checked_headers(wanted.headers));
    targets::HttpCall call{.method = std::string{method},
                           .path = wanted.path,
                           .query = query_of(wanted.query),
                           .headers = std::move(headers),
                           .body = {}};
    if (wanted.body) {
        TAILOPS_CHECK(add_body(call, *wanted.body, right.tier));
    }
    return {{.operation = std::move(call),
             .read = read_answer,
             .right = right,
             .aliases = {{"path", aliases_of_path(wanted.path)}},
             .rest = Plan::Rest::kept}};
}

}  // namespace

Tool http_request()
{
    return kit::ToolOf<RequestWanted, Answer>{
        {.name = "http_request",
         .title = "HTTP request to an API",
         .summary = "Sends a request to the HTTP API of a target and shows what it answers. The "
                    "gateway adds the credentials.",
         .rights = {right_of_method("GET"), right_of_method("POST")},
         .annotations =
             {.read_only = false, .destructive = true, .idempotent = false, .open_world = true},
         .facet = targets::Facet::http_api}}
        .plans(plan);
}

}  // namespace tailops::tools
