#include "gateway/tools/commands/commands.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/path.hpp"

#include <nlohmann/json.hpp>

#include <re2/re2.h>

#include <algorithm>

namespace tailops::tools {
namespace {

using Type = CommandParameter::Type;

bool is_name(std::string_view text)
{
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    constexpr std::string_view further = "._@:-";
    return !text.empty() && is_alphanumeric(text.front()) && std::ranges::all_of(text, [&](char c) {
        return is_alphanumeric(c) || further.find(c) != further.npos;
    });
}

std::string example_of(const CommandParameter& parameter)
{
    if (!parameter.allowed_values.empty()) return quote(parameter.allowed_values.front());
    switch (parameter.type) {
    case Type::name: return "\"nginx\"";
    case Type::path: return "\"/var/log\"";
    case Type::integer: return std::to_string(parameter.min);
    case Type::text: return "\"some words\"";
    }
    return "\"\"";
}

/// The text of an argument: a string, or a whole number as people write it.
Result<std::string> as_word(const CommandParameter& parameter, const nlohmann::json& value)
{
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_integer()) return dump_json(value);
    return fail(Errc::invalid_argument, "the parameter " + quote(parameter.name) +
                                            " must be text, e.g. " + example_of(parameter));
}

}  // namespace

std::string_view to_string(CommandParameter::Type type) noexcept
{
    switch (type) {
    case Type::name: return "name";
    case Type::path: return "path";
    case Type::integer: return "integer";
    case Type::text: return "text";
    }
    return "text";
}

Result<std::string> CommandParameter::accept(std::string_view value) const
{
    const auto refuse = [&](const std::string& rule) {
        return fail(Errc::invalid_argument,
                    "the parameter " + quote(name) + " " + rule + ", e.g. " + example_of(*this));
    };
    if (value.empty()) return refuse("must not be empty");
    // What begins with "-" would be an option of the program.
    if (value.starts_with('-')) return refuse("must not begin with \"-\"");
    if (value.size() > max_length) {
        return refuse("must have at most " + std::to_string(max_length) + " bytes");
    }
    if (has_control_characters(value) || !is_valid_utf8(value)) {
        return refuse("must not hold control characters");
    }
    std::string accepted{value};
    if (type == Type::path) {
        auto path = canonical_path(value);
        if (!path) return refuse("must be an absolute path without \"..\"");
        accepted = *std::move(path);
    } else if (type == Type::integer) {
        const auto number = parse_int(value, min, max);
        if (!number) {
            return refuse("must be a whole number from " + std::to_string(min) + " to " +
                          std::to_string(max));
        }
        accepted = std::to_string(*number);
    } else if (type == Type::name && !is_name(value)) {
        return refuse("must be a name (letters, digits and ._@:-), which " + quote(value) +
                      " is not");
    }
    if (!allowed_values.empty() &&
        std::ranges::find(allowed_values, accepted) == allowed_values.end()) {
        return refuse("must be one of " + join(allowed_values, ", "));
    }
    if (!pattern.empty() && !re2::RE2::FullMatch(accepted, re2::RE2{pattern, re2::RE2::Quiet})) {
        return refuse("must match " + pattern);
    }
    return accepted;
}

Result<CatalogueCommand::Values> CatalogueCommand::accept(const nlohmann::json& values) const
{
    if (!values.is_object()) {
        return fail(Errc::invalid_argument, "\"parameters\" must be an object");
    }
    std::vector<std::string_view> known;
    known.reserve(parameters.size());
    for (const auto& parameter : parameters) known.push_back(parameter.name);
    for (const auto& [given, value] : values.items()) {
        if (std::ranges::find(known, std::string_view{given}) != known.end()) continue;
        return fail(Errc::invalid_argument,
                    "the command " + quote(name) + " has no parameter " + quote(given) +
                        (known.empty() ? "; it takes none" : did_you_mean(given, known)));
    }
    Values out;
    for (const auto& parameter : parameters) {
        const auto* value = find_member(values, parameter.name);
        if (!value) {
            return fail(Errc::invalid_argument,
                        "the command " + quote(name) + " needs the parameter " +
                            quote(parameter.name) + ", e.g. " + example_of(parameter));
        }
        TAILOPS_TRY(const auto word, as_word(parameter, *value));
        TAILOPS_TRY(auto accepted, parameter.accept(word));
        out.emplace(parameter.name, std::move(accepted));
    }
    return out;
}

targets::Command CatalogueCommand::bind(const Values& accepted) const
{
    targets::Command out;
    for (const auto& pieces : argv) {
        std::string word;
        for (const auto& piece : pieces) {
            if (piece.parameter.empty()) {
                word += piece.literal;
            } else if (const auto value = accepted.find(piece.parameter); value != accepted.end()) {
                word += value->second;
            }
        }
        out.argv.push_back(std::move(word));
    }
    return out;
}

Result<targets::Command> CatalogueCommand::bind(const nlohmann::json& values) const
{
    TAILOPS_TRY(const auto accepted, accept(values));
    return bind(accepted);
}

const CommandCatalogue& CommandCatalogue::shipped()
{
    static const auto catalogue = [] {
        yaml::Problems problems;  // none: the unit tests read the same text
        return read(shipped_commands_text(), "commands.yaml", problems);
    }();
    return catalogue;
}

const CatalogueCommand* CommandCatalogue::find(std::string_view name) const
{
    const auto at = std::ranges::find(commands_, name, &CatalogueCommand::name);
    return at == commands_.end() ? nullptr : &*at;
}

}  // namespace tailops::tools
