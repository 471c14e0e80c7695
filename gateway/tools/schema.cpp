#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/json_types.hpp"
#include "gateway/tools/tool.hpp"

#include <nlohmann/json.hpp>

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace tailops::tools {
namespace {

using nlohmann::json;

/// Patterns of schemas, compiled once. Bounded: the schemas are ours and few.
class PatternCache {
public:
    std::shared_ptr<const re2::RE2> get(const std::string& pattern)
    {
        const std::scoped_lock lock{mutex_};
        if (const auto at = compiled_.find(pattern); at != compiled_.end()) return at->second;
        auto made = std::make_shared<const re2::RE2>(pattern, re2::RE2::Quiet);
        if (compiled_.size() < patterns_max) compiled_.emplace(pattern, made);
        return made;
    }

private:
    static constexpr std::size_t patterns_max = 256;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const re2::RE2>> compiled_;
};

PatternCache& patterns()
{
    static PatternCache cache;
    return cache;
}

/// `, e.g. 10`: an example of a value that fits, when the schema has one.
std::string for_example(const json& schema)
{
    const auto* examples = find_member(schema, "examples");
    if (examples && examples->is_array() && !examples->empty()) {
        return ", e.g. " + dump_json(examples->front());
    }
    if (const auto* usual = find_member(schema, "default")) return ", e.g. " + dump_json(*usual);
    return {};
}

/// One value, the schema it must fit, and what to call it in messages.
struct Place {
    const json& schema;
    const json& value;
    std::string name;  // "limit", "parameters.path"; empty for the whole

    std::string title() const { return name.empty() ? "the value" : quote(name); }
    std::unexpected<Error> broken(const std::string& rule) const
    {
        return fail(Errc::invalid_argument, title() + " " + rule + for_example(schema));
    }
};

Status check_type(const Place& at)
{
    const auto* type = find_member(at.schema, "type");
    if (!type) return {};
    if (type->is_string()) {
        const auto& name = type->get_ref<const std::string&>();
        if (is_of_type(at.value, name)) return {};
        return at.broken("must be " + type_in_words(name));
    }
    std::string words;
    for (const auto& one : *type) {
        const auto& name = one.get_ref<const std::string&>();
        if (is_of_type(at.value, name)) return {};
        words += (words.empty() ? "" : " or ") + type_in_words(name);
    }
    return at.broken("must be " + words);
}

Status check_choice(const Place& at)
{
    if (const auto* only = find_member(at.schema, "const"); only && *only != at.value) {
        return at.broken("must be " + dump_json(*only));
    }
    const auto* choices = find_member(at.schema, "enum");
    if (!choices) return {};
    std::string words;
    std::vector<std::string_view> names;
    for (const auto& choice : *choices) {
        if (choice == at.value) return {};
        words += (words.empty() ? "" : ", ") + dump_json(choice);
        if (choice.is_string()) names.push_back(choice.get_ref<const std::string&>());
    }
    std::string guess;
    if (at.value.is_string()) guess = did_you_mean(at.value.get_ref<const std::string&>(), names);
    return fail(Errc::invalid_argument, at.title() + " must be one of " + words + guess);
}

Status check_number(const Place& at)
{
    if (!at.value.is_number()) return {};
    const auto* low = find_member(at.schema, "minimum");
    if (low && at.value < *low) return at.broken("must be at least " + dump_json(*low));
    const auto* high = find_member(at.schema, "maximum");
    if (high && at.value > *high) return at.broken("must be at most " + dump_json(*high));
    return {};
}

/// Length as JSON Schema counts it: characters, not bytes.
std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

/// Whether `size` breaks the bound `keyword`; bounds in schemas are small non-negative integers.
const json* broken_bound(const json& schema, std::string_view keyword, std::size_t size)
{
    const auto* bound = find_member(schema, keyword);
    if (!bound || !bound->is_number_integer()) return nullptr;
    const auto limit = bound->get<std::size_t>();
    const bool broken = keyword.starts_with("min") ? size < limit : size > limit;
    return broken ? bound : nullptr;
}

Status check_text(const Place& at)
{
    if (!at.value.is_string()) return {};
    const auto& text = at.value.get_ref<const std::string&>();
    const auto length = characters(text);
    if (const auto* bound = broken_bound(at.schema, "minLength", length)) {
        return text.empty() ? at.broken("must not be empty")
                            : at.broken("must have at least " + dump_json(*bound) + " characters");
    }
    if (const auto* bound = broken_bound(at.schema, "maxLength", length)) {
        return at.broken("must have at most " + dump_json(*bound) + " characters");
    }
    const auto* pattern = find_member(at.schema, "pattern");
    if (!pattern) return {};
    const auto& expression = pattern->get_ref<const std::string&>();
    if (!re2::RE2::PartialMatch(text, *patterns().get(expression))) {
        return at.broken("must match " + expression + ", which " + quote(text) + " does not");
    }
    return {};
}

Status check(const Place& at);

Status check_list(const Place& at)
{
    if (!at.value.is_array()) return {};
    if (const auto* bound = broken_bound(at.schema, "minItems", at.value.size())) {
        return at.broken("must have at least " + dump_json(*bound) + " items");
    }
    if (const auto* bound = broken_bound(at.schema, "maxItems", at.value.size())) {
        return at.broken("must have at most " + dump_json(*bound) + " items");
    }
    const auto* items = find_member(at.schema, "items");
    if (!items) return {};
    std::size_t index = 0;
    for (const auto& item : at.value) {
        const auto name = at.name + '[' + std::to_string(index++) + ']';
        if (auto ok = check({*items, item, name}); !ok) return ok;
    }
    return {};
}

Status refuse_unknown(const Place& at, std::string_view word, const json* properties)
{
    std::vector<std::string_view> known;
    if (properties) {
        for (const auto& [name, schema] : properties->items()) known.push_back(name);
    }
    auto text = "unknown parameter " + quote(word) + did_you_mean(word, known);
    if (!at.name.empty()) text += " (in " + quote(at.name) + ")";
    return fail(Errc::invalid_argument, std::move(text));
}

Status check_object(const Place& at)
{
    if (!at.value.is_object()) return {};
    const auto* properties = find_member(at.schema, "properties");
    const auto* others = find_member(at.schema, "additionalProperties");
    const auto prefix = at.name.empty() ? std::string{} : at.name + '.';
    for (const auto& [name, value] : at.value.items()) {
        const auto* schema = properties ? find_member(*properties, name) : nullptr;
        if (!schema) schema = others;
        if (!schema) continue;
        if (*schema == false) return refuse_unknown(at, name, properties);
        if (!schema->is_object()) continue;
        if (auto ok = check({*schema, value, prefix + name}); !ok) return ok;
    }
    const auto* required = find_member(at.schema, "required");
    if (!required) return {};
    for (const auto& entry : *required) {
        const auto& name = entry.get_ref<const std::string&>();
        if (find_member(at.value, name)) continue;
        const auto* schema = properties ? find_member(*properties, name) : nullptr;
        return fail(Errc::invalid_argument,
                    quote(prefix + name) + " is missing" + (schema ? for_example(*schema) : ""));
    }
    return {};
}

Status check(const Place& at)
{
    if (auto ok = check_type(at); !ok) return ok;
    if (auto ok = check_choice(at); !ok) return ok;
    if (auto ok = check_number(at); !ok) return ok;
    if (auto ok = check_text(at); !ok) return ok;
    if (auto ok = check_list(at); !ok) return ok;
    return check_object(at);
}

json target_property()
{
    return {{"type", "string"},
            {"description", "The id of the machine or API, as list_targets gives it"},
            {"minLength", 1},
            {"maxLength", 128},
            {"examples", json::array({"web-01"})},
            // Clients of 2026-07-28 repeat it in Mcp-Param-Target, so that proxies can route by it.
            {"x-mcp-header", "Target"}};
}

json format_property()
{
    return {{"type", "string"},
            {"description", "How the text of the answer is written; toon takes fewer tokens"},
            {"enum", json::array({"json", "toon"})}};
}

/// Visible ASCII, so that a key reads the same in every log and client.
json idempotency_key_schema()
{
    return {
        {"type", "string"},
        {"description",
         "For calls that change something: a call again with the same key and arguments answers "
         "what the first came to (replayed: true) and does nothing. Make a new one per change"},
        {"minLength", 1},
        {"maxLength", 128},
        {"pattern", "^[!-~]+$"},
        {"examples", json::array({"restart-web-2026-11-01-a"})}};
}

}  // namespace

json full_output_schema(const Tool& tool)
{
    // The unit tests parse every schema; a bad one never gets here.
    auto out = parse_json(tool.output_schema).value_or(json{{"type", "object"}});
    if (tool.needs_target()) {
        out["properties"]["redacted"] = {
            {"type", "array"},
            {"items", {{"type", "string"}}},
            {"description", "Kinds of secrets that were taken out of this result"}};
    }
    return out;
}

json full_input_schema(const Tool& tool)
{
    // Were there an unreadable one, its tool would take no argument at all.
    auto out = parse_json(tool.input_schema).value_or(json{{"additionalProperties", false}});
    if (tool.has_long_lists) out["properties"]["format"] = format_property();
    if (!tool.needs_target()) return out;
    out["properties"]["target"] = target_property();
    auto required = json::array({"target"});
    for (auto& name : out["required"]) required.push_back(std::move(name));
    out["required"] = std::move(required);
    if (takes_idempotency_key(tool)) {
        out["properties"][idempotency_key_argument] = idempotency_key_schema();
    }
    return out;
}

Status validate_against(const json& schema, const json& value)
{
    return check({schema, value, ""});
}

}  // namespace tailops::tools
