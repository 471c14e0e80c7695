#include "policy/constraint_reader.hpp"

#include "gateway/core/text.hpp"
#include "policy/file_names.hpp"
#include "policy/paths.hpp"
#include "policy/pattern.hpp"

#include <charconv>
#include <cmath>

namespace tailops::policy {
namespace {

// More text or items than any tool takes.
constexpr std::int64_t max_length_max = 1 << 30;

std::optional<double> number_in(const yaml::Node& node)
{
    const auto& text = node.text();
    if (!node.is_plain() || text.empty()) return std::nullopt;
    double number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

/// Reads the conditions of one mapping into a Constraint.
class Conditions {
public:
    Conditions(const yaml::Node& node, const std::string& name, yaml::Problems& problems)
        : reader_{node, problems, "parameter " + quote(name)}
    {
    }

    Constraint read(Effect effect)
    {
        Constraint out;
        out.equals = equals();
        out.one_of = one_of();
        out.min = number("min");
        out.max = number("max");
        if (out.min && out.max && *out.min > *out.max) {
            reader_.complain(*reader_.node("min"), "\"min\" is greater than \"max\"");
        }
        if (const auto length = reader_.integer("max_length", 0, max_length_max)) {
            out.max_length = static_cast<std::size_t>(*length);
        }
        out.path_under = directories();
        out.pattern = pattern(effect);
        refuse_blank_keys(reader_);
        reader_.finish();
        return out;
    }

private:
    /// A value, a path or a pattern that a block of text gave a line end: no argument has that.
    void refuse_line_end(const yaml::Node& node)
    {
        if (!node.is_block() || !node.text().ends_with('\n')) return;
        reader_.complain(node,
                         quote(node.text()) +
                             " ends with the line end of a block of text; write it in quotes, "
                             "or several values as a list");
    }

    std::optional<Value> equals()
    {
        const auto node = reader_.node("equals");
        if (!node) return std::nullopt;
        refuse_line_end(*node);
        if (node->kind() == yaml::Node::Kind::scalar) return scalar_of(*node);
        if (node->kind() == yaml::Node::Kind::map) {
            reader_.complain(*node, "\"equals\" must be a value or a list of strings");
            return std::nullopt;
        }
        std::vector<std::string> items;
        for (const auto& item : listed_texts(reader_, "equals")) items.push_back(item.text);
        return items;
    }

    std::vector<Value> one_of()
    {
        const auto node = reader_.node("one_of");
        if (!node) return {};
        if (node->kind() != yaml::Node::Kind::list || node->items().empty()) {
            reader_.complain(*node, "\"one_of\" must be a list of values");
            return {};
        }
        std::vector<Value> out;
        for (const auto& item : node->items()) {
            refuse_line_end(item);
            if (item.kind() == yaml::Node::Kind::scalar)
                out.push_back(scalar_of(item));
            else
                reader_.complain(item, "an item of \"one_of\" must be a single value");
        }
        return out;
    }

    std::optional<double> number(std::string_view key)
    {
        const auto node = reader_.node(key);
        if (!node) return std::nullopt;
        const auto value = number_in(*node);
        if (!value) reader_.complain(*node, quote(key) + " must be a number");
        return value;
    }

    std::vector<std::string> directories()
    {
        std::vector<std::string> out;
        const auto node = reader_.node("path_under");
        const auto names = listed_texts(reader_, "path_under");
        if (node && node->kind() == yaml::Node::Kind::list && node->items().empty()) {
            reader_.complain(*node, "\"path_under\" must list a directory");
        }
        for (const auto& name : names) {
            refuse_line_end(name.at);
            // A folder may have a blank in its name; a comma more likely begins another one.
            if (name.text.find(',') != std::string::npos) {
                yaml::refuse_several_in_one(reader_, name.at);
            }
            if (is_canonical_path(name.text)) {
                out.push_back(name.text);
                continue;
            }
            reader_.complain(name.at, quote(name.text) +
                                          " is not an absolute path without \"..\", \".\", \"//\" "
                                          "and a trailing \"/\"");
        }
        return out;
    }

    Pattern pattern(Effect effect)
    {
        const auto text = reader_.text("pattern");
        if (!text) return nullptr;
        refuse_line_end(*reader_.node("pattern"));
        auto compiled = compile_pattern(*text, effect);
        if (compiled) return *std::move(compiled);
        reader_.complain(*reader_.node("pattern"), compiled.error().public_message());
        return nullptr;
    }

    yaml::MapReader reader_;
};

}  // namespace

Value scalar_of(const yaml::Node& node)
{
    const auto& text = node.text();
    if (!node.is_plain()) return text;
    if (text == "true") return true;
    if (text == "false") return false;
    if (const auto whole = parse_int(text)) return *whole;
    if (const auto real = number_in(node)) return *real;
    return text;
}

Constraint read_constraint(const yaml::Node& node,
                           const std::string& name,
                           Effect effect,
                           yaml::Problems& problems)
{
    if (node.kind() == yaml::Node::Kind::map && !node.entries().empty()) {
        return Conditions{node, name, problems}.read(effect);
    }
    problems.add(node.file(), node.place(),
                 "parameter " + quote(name) + " needs a condition, e.g. {one_of: [web, db]}");
    return {};
}

}  // namespace tailops::policy
