#include "gateway/tools/reference.hpp"

#include "gateway/core/json.hpp"
#include "gateway/tools/policy_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace tailops::tools {
namespace {

using nlohmann::json;

/// Text for a cell of a Markdown table.
std::string cell(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string code(const std::string& text)
{
    return text.empty() ? "" : '`' + cell(text) + '`';
}

std::string type_of(const json& schema)
{
    const auto* type = find_member(schema, "type");
    if (!type) return "any";
    if (type->is_string()) return type->get<std::string>();
    std::string out;
    for (const auto& one : *type) out += (out.empty() ? "" : " or ") + one.get<std::string>();
    return out;
}

/// The rules of one parameter, in words.
std::string rules_of(const json& schema)
{
    std::string out;
    const auto add = [&out](const std::string& rule) { out += (out.empty() ? "" : "; ") + rule; };
    if (const auto* choices = find_member(schema, "enum")) {
        std::string list;
        for (const auto& choice : *choices)
            list += (list.empty() ? "" : ", ") + code(dump_json(choice));
        add("one of " + list);
    }
    for (const auto& [keyword, words] :
         {std::pair{"minimum", "at least "}, std::pair{"maximum", "at most "},
          std::pair{"maxLength", "length at most "}, std::pair{"pattern", "matches "}}) {
        if (const auto* rule = find_member(schema, keyword)) {
            add(words + (rule->is_string() ? code(rule->get<std::string>()) : dump_json(*rule)));
        }
    }
    if (const auto* usual = find_member(schema, "default"))
        add("default " + code(dump_json(*usual)));
    return out;
}

bool is_required(const json& schema, const std::string& name)
{
    const auto* required = find_member(schema, "required");
    return required && std::ranges::find(*required, json(name)) != required->end();
}

std::string parameters_table(const json& schema)
{
    const auto* properties = find_member(schema, "properties");
    if (!properties || properties->empty()) return "No parameters.\n";
    std::string out = "| parameter | type | rules | meaning |\n|---|---|---|---|\n";
    for (const auto& [name, type] : properties->items()) {
        out += "| `" + name + '`' + (is_required(schema, name) ? " (required)" : "") + " | " +
               type_of(type) + " | " + rules_of(type) + " | " +
               cell(text_member(type, "description")) + " |\n";
    }
    return out;
}

std::string results_table(const json& schema)
{
    std::string out = "| result | type | meaning |\n|---|---|---|\n";
    const auto* properties = find_member(schema, "properties");
    if (!properties) return {};
    for (const auto& [name, type] : properties->items()) {
        out += "| `" + name + "` | " + type_of(type) + " | " +
               cell(text_member(type, "description")) + " |\n";
    }
    return out;
}

/// "container:read (observe), container:write (control)"; the tiers of one capability together.
std::string rights_text(const Tool& tool)
{
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& right : tool.rights) {
        const auto name = right.capability.text();
        const std::string tier{to_string(right.tier)};
        const auto at = std::ranges::find(rows, name, &std::pair<std::string, std::string>::first);
        if (at == rows.end()) {
            rows.emplace_back(name, tier);
        } else {
            at->second += ", " + tier;
        }
    }
    std::string out;
    for (const auto& [name, tiers] : rows) {
        out.append(out.empty() ? "`" : ", `").append(name).append("` (").append(tiers).append(")");
    }
    return out;
}

std::string temper(const Annotations& annotations)
{
    std::string out = annotations.read_only ? "read-only" : "may change things";
    if (annotations.destructive) out += ", may destroy";
    if (annotations.idempotent) out += ", idempotent";
    if (annotations.open_world) out += ", reaches beyond the target";
    return out;
}

std::string policy_text(const Tool& tool)
{
    std::string out;
    const bool is_command = tool.name == "execute_command";
    for (const auto& name :
         policy::parameters_of(policy_forms(tool, CommandCatalogue::shipped()))) {
        if (name.starts_with("parameters.")) continue;
        out += (out.empty() ? "`" : ", `") + name + '`';
    }
    if (is_command) out += ", `parameters.NAME` for each parameter of a command";
    return out.empty() ? "none" : out;
}

std::string section(const Tool& tool)
{
    const auto input = full_input_schema(tool);
    std::string out =
        "\n## " + std::string{tool.name} + "\n\n" + std::string{tool.summary} + "\n\n";
    out += "- Needs: " + rights_text(tool) + '\n';
    out += "- Temper: " + temper(tool.annotations) + '\n';
    out += "- Parameters that policy rules may constrain: " + policy_text(tool) + "\n\n";
    out += parameters_table(input) + '\n';
    out += results_table(full_output_schema(tool));
    return out;
}

}  // namespace

std::string tools_reference()
{
    const auto catalogue = ToolCatalogue::shipped();
    std::string out =
        "# Tools\n\n"
        "Made by `tailops tools-reference` from the table of tools; do not edit.\n\n"
        "A tool about a machine or an API takes its id as `target`. A result with `success: false` "
        "tells\n"
        "of a failure on the target: the call itself went through policy and audit. Under a dry "
        "run the\n"
        "result is `{\"dry_run\": true, \"would\": \"...\"}` instead. `truncated: true` says that "
        "the output\n"
        "limit of the policy left something out; where there is a `run_id` besides, `read_output` "
        "has it.\n\n"
        "In every text, escape sequences are taken out, control characters are shown as pictures, "
        "invisible\n"
        "and bidirectional characters as marks such as `<U+202E>`, and bytes that are no UTF-8 as "
        "U+FFFD.\n\n"
        "A call that changes something can be made safe to repeat with an `idempotency_key` of its "
        "own: for a\n"
        "day the same key with the same arguments answers what the first call came to, with "
        "`replayed: true`\n"
        "and `first_request`, and does nothing. A call that only looks does not remember its "
        "key.\n\n"
        "| tool | needs | what it does |\n|---|---|---|\n";
    for (const auto& tool : catalogue->all()) {
        const bool is_long = tool.rights.size() > 4;
        out += "| [" + std::string{tool.name} + "](#" + std::string{tool.name} + ") | " +
               (is_long ? "what the command needs" : rights_text(tool)) + " | " +
               cell(tool.summary) + " |\n";
    }
    for (const auto& tool : catalogue->all()) out += section(tool);
    return out;
}

}  // namespace tailops::tools
