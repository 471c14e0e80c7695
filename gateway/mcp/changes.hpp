#pragma once

#include <string>
#include <variant>

namespace tailops::mcp {

/// Something of the server has changed and clients may have asked to be told.
namespace change {
struct Tools {};
struct Prompts {};
struct Resources {};  // the list of them
struct Resource {
    std::string uri;
};
/// `task` is the JSON text of the whole task, as tasks/get answers it.
struct Task {
    std::string id;
    std::string principal;  // whose it is
    std::string task;
};
}  // namespace change

using Change =
    std::variant<change::Tools, change::Prompts, change::Resources, change::Resource, change::Task>;

}  // namespace tailops::mcp
