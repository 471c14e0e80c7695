#include "gateway/core/text.hpp"
#include "gateway/core/yaml.hpp"

#include <algorithm>

namespace tailops::yaml {
namespace {

/// std::ranges::contains, which the compiler of Debian 12 lacks.
template <class Range, class Value>
bool contains(const Range& range, const Value& value)
{
    return std::ranges::find(range, value) != std::ranges::end(range);
}

std::string kind_name(Node::Kind kind)
{
    switch (kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping";
    }
    return "nothing";
}

}  // namespace

MapReader::MapReader(Node map, Problems& problems, std::string what)
    : map_{std::move(map)},
      problems_{problems},
      what_{std::move(what)}
{
    if (map_.kind() == Node::Kind::scalar || map_.kind() == Node::Kind::list) {
        complain(what_ + " must be a mapping, not " + kind_name(map_.kind()));
    }
}

const Node::Entry* MapReader::find(std::string_view key)
{
    if (!contains(known_, key)) known_.emplace_back(key);
    for (const auto& entry : map_.entries()) {
        if (entry.key == key) return &entry;
    }
    return nullptr;
}

bool MapReader::has(std::string_view key)
{
    return find(key) != nullptr;
}

std::optional<Node> MapReader::node(std::string_view key)
{
    const auto* entry = find(key);
    if (!entry) return std::nullopt;
    Node value{entry->value};
    if (value.kind() == Node::Kind::null) return std::nullopt;
    return value;
}

std::optional<std::string> MapReader::text(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->kind() == Node::Kind::scalar) return value->text();
    complain(*value, quote(key) + " must be a string, not " + kind_name(value->kind()));
    return std::nullopt;
}

std::string MapReader::required_text(std::string_view key)
{
    if (!has(key)) {
        complain(what_ + " lacks " + quote(key));
        return {};
    }
    auto value = text(key);
    if (value && !value->empty()) return *std::move(value);
    if (const auto at = node(key); !at || at->kind() == Node::Kind::scalar) {
        problems_.add(map_.file(), place_of(key), quote(key) + " must not be empty");
    }
    return {};
}

std::optional<bool> MapReader::boolean(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->is_plain()) {
        const auto word = lower_ascii(value->text());
        if (word == "true" || word == "yes" || word == "on") return true;
        if (word == "false" || word == "no" || word == "off") return false;
    }
    complain(*value, quote(key) + " must be true or false");
    return std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key,
                                               std::int64_t min,
                                               std::int64_t max)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->is_plain()) {
        const auto number = parse_int(value->text(), min, max);
        if (number) return *number;
        complain(*value, quote(key) + ": " + number.error().public_message());
    } else {
        complain(*value, quote(key) + " must be a whole number");
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> MapReader::duration(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    const auto parsed = parse_duration(value->text());
    if (parsed) return *parsed;
    complain(*value, quote(key) + ": " + parsed.error().public_message());
    return std::nullopt;
}

std::vector<std::string> MapReader::texts(std::string_view key)
{
    const auto value = node(key);
    if (!value) return {};
    if (value->kind() == Node::Kind::scalar) {
        refuse_several_in_one(*this, *value);
        return {value->text()};
    }
    std::vector<std::string> out;
    if (value->kind() == Node::Kind::map) {
        complain(*value, quote(key) + " must be a list of strings");
    }
    for (const auto& item : value->items()) {
        if (item.kind() == Node::Kind::scalar) {
            if (item.is_block() || item.text().find(',') != std::string::npos) {
                refuse_several_in_one(*this, item);
            }
            out.push_back(item.text());
        } else {
            complain(item, "an item of " + quote(key) + " must be a string");
        }
    }
    return out;
}

std::vector<std::string> MapReader::restricting_texts(std::string_view key)
{
    const auto value = node(key);
    if (value && value->kind() == Node::Kind::list && value->items().empty()) {
        complain(*value, quote(key) +
                             " is an empty list, which would restrict nothing; fill it in or leave "
                             "it out");
    }
    return texts(key);
}

void refuse_several_in_one(MapReader& reader, const Node& name)
{
    auto text = name.text();
    const auto first = text.find_first_of(",; \t\r\n");
    if (first == std::string::npos || (!name.is_plain() && !name.is_block())) return;
    // A name may have blanks in it where something else separates it from the next.
    const auto by = text.find_first_of(name.is_block() ? ",;\n" : ",;");
    const auto separators = by != std::string::npos ? ",;\r\n" : " \t";
    std::string list;
    std::ranges::replace_if(
        text, [&](char c) { return std::string_view{separators}.contains(c); }, ',');
    for (const auto part : split(text, ',')) {
        const auto word = trim(part);
        if (!word.empty()) list += (list.empty() ? "" : ", ") + std::string{word};
    }
    reader.complain(name, quote(name.text()) + " is one name; write several as a list, [" + list +
                              "], or put the one in quotes");
}

std::optional<std::string> MapReader::choice(std::string_view key,
                                             std::span<const std::string_view> choices)
{
    auto value = text(key);
    if (!value || std::ranges::find(choices, std::string_view{*value}) != choices.end())
        return value;
    std::string list;
    for (const auto& choice : choices) list += (list.empty() ? "" : ", ") + std::string{choice};
    problems_.add(map_.file(), node(key)->place(),
                  quote(key) + " cannot be " + quote(*value) + "; use one of " + list);
    return std::nullopt;
}

void MapReader::ignore(std::string_view key, std::string_view why_no_effect)
{
    if (!has(key)) return;
    problems_.notice(map_.file(), place_of(key),
                     quote(key) + " has no effect: " + std::string{why_no_effect});
}

void MapReader::complain(const Node& at, std::string text)
{
    problems_.add(at.file(), at.place(), std::move(text));
}

void MapReader::complain(std::string text)
{
    complain(map_, std::move(text));
}

Place MapReader::place_of(std::string_view key) const
{
    for (const auto& entry : map_.entries()) {
        if (entry.key == key) return entry.place;
    }
    return map_.place();
}

void MapReader::finish()
{
    const std::vector<std::string_view> candidates{known_.begin(), known_.end()};
    for (const auto& entry : map_.entries()) {
        if (contains(known_, entry.key)) continue;
        problems_.add(map_.file(), entry.place,
                      "unknown key " + quote(entry.key) + did_you_mean(entry.key, candidates));
    }
}

}  // namespace tailops::yaml
