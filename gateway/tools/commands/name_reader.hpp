#pragma once

#include "gateway/tools/commands/command_template.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tailops::tools {

/// A word that a program takes for the name of a unit or a container.
struct PlaceOfName {
    CommandParameter::Names names{};
    std::vector<std::string> asked_by{};  // the words before `show` or `inspect`
    std::vector<std::string> thing{};     // the same for all words that mean the same things
    bool may_go_on{false};                // "web:/etc" is a place inside of the container "web"
};

/// The words with parameters of a template that programs may take for names.
struct PlacesOfNames {
    std::map<const TemplateWord*, PlaceOfName> names;
    std::set<const TemplateWord*> unclear;
    std::size_t unclear_until{0};  // what is before this offset may reach a name by other ways
};

/// Reads the commands of a template, also behind what runs other programs (sudo, xargs, find,
/// ssh, docker exec).
PlacesOfNames read_places_of_names(const CompiledTemplate& compiled);

}  // namespace tailops::tools
