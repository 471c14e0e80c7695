#pragma once

#include "gateway/core/yaml.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::policy {

/// A name in a policy file and where it stands.
struct ListedName {
    std::string text;
    yaml::Node at;
};

/// The names listed under `key`; a single one need not be a list. Items that are no text, empty
/// ones, and several names written as one become problems.
std::vector<ListedName> listed_names(yaml::MapReader& reader, std::string_view key);

/// The same, for a clause that restricts: an empty list, which would restrict nothing and is what
/// remains when the last name is taken out, is a problem too.
std::vector<ListedName> restricting_names(yaml::MapReader& reader, std::string_view key);

/// Complains of a mapping that restricts nothing because it is empty.
void refuse_empty_map(yaml::MapReader& reader, std::string_view key);

/// The texts listed under `key`, whatever they are: values, paths.
std::vector<ListedName> listed_texts(yaml::MapReader& reader, std::string_view key);

std::set<std::string> texts_of(const std::vector<ListedName>& names);

/// Complains of a name that is none of `known`: `unknown tag "wbe"; did you mean "web"?`
void check_known(const ListedName& name,
                 std::string_view what,
                 const std::set<std::string>& known,
                 yaml::MapReader& reader);

/// Complains of keys that stand there without a value: an empty clause would match everything.
/// Keys in `except` are complained of elsewhere.
void refuse_blank_keys(yaml::MapReader& reader, const std::set<std::string_view>& except = {});

/// Whether `text` can name a rule or a role: 1 to 64 letters, digits, ".", "_" and "-".
bool is_plain_name(std::string_view text) noexcept;

std::string suggestion(std::string_view word, const std::set<std::string>& candidates);

}  // namespace tailops::policy
