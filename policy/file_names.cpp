#include "policy/file_names.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::policy {

std::vector<ListedName> listed_texts(yaml::MapReader& reader, std::string_view key)
{
    const auto value = reader.node(key);
    if (!value) return {};
    std::vector<ListedName> out;
    const auto take = [&](const yaml::Node& item) {
        if (item.kind() != yaml::Node::Kind::scalar) {
            reader.complain(item, "an item of " + quote(key) + " must be a string");
        } else if (item.text().empty()) {
            reader.complain(item, "an item of " + quote(key) + " must not be empty");
        } else {
            out.push_back({item.text(), item});
        }
    };
    switch (value->kind()) {
    case yaml::Node::Kind::scalar: take(*value); break;
    case yaml::Node::Kind::map:
        reader.complain(*value, quote(key) + " must be a list of strings");
        break;
    case yaml::Node::Kind::list:
        for (const auto& item : value->items()) take(item);
        break;
    case yaml::Node::Kind::null: break;
    }
    return out;
}

std::vector<ListedName> listed_names(yaml::MapReader& reader, std::string_view key)
{
    auto out = listed_texts(reader, key);
    for (const auto& name : out) yaml::refuse_several_in_one(reader, name.at);
    return out;
}

std::vector<ListedName> restricting_names(yaml::MapReader& reader, std::string_view key)
{
    const auto value = reader.node(key);
    if (value && value->kind() == yaml::Node::Kind::list && value->items().empty()) {
        reader.complain(*value, quote(key) +
                                    " is an empty list, which would restrict nothing; name "
                                    "somebody or something, or leave it out");
    }
    return listed_names(reader, key);
}

void refuse_empty_map(yaml::MapReader& reader, std::string_view key)
{
    const auto value = reader.node(key);
    if (!value || value->kind() != yaml::Node::Kind::map || !value->entries().empty()) return;
    reader.complain(*value, quote(key) +
                                " is empty, which would restrict nothing; fill it in or leave it "
                                "out");
}

std::set<std::string> texts_of(const std::vector<ListedName>& names)
{
    std::set<std::string> out;
    for (const auto& name : names) out.insert(name.text);
    return out;
}

std::string suggestion(std::string_view word, const std::set<std::string>& candidates)
{
    const std::vector<std::string_view> views{candidates.begin(), candidates.end()};
    return did_you_mean(word, views);
}

void check_known(const ListedName& name,
                 std::string_view what,
                 const std::set<std::string>& known,
                 yaml::MapReader& reader)
{
    if (known.contains(name.text)) return;
    reader.complain(name.at, "unknown " + std::string{what} + " " + quote(name.text) +
                                 suggestion(name.text, known));
}

void refuse_blank_keys(yaml::MapReader& reader, const std::set<std::string_view>& except)
{
    const auto& map = reader.map();
    for (const auto& entry : map.entries()) {
        const bool blank = yaml::Node{entry.value}.kind() == yaml::Node::Kind::null;
        if (!blank || except.contains(entry.key)) continue;
        reader.problems().add(map.file(), entry.place,
                              quote(entry.key) + " has no value; fill it in or leave it out");
    }
}

bool is_plain_name(std::string_view text) noexcept
{
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, fits);
}

}  // namespace tailops::policy
