#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace tailops::service {

/// Something of the server has changed and clients may have asked to be told.
namespace change {
struct Tools {};
struct Prompts {};
struct Resources {};  // the list of them
struct Resource {
    std::string uri;
    /// What must be known as well to be told: of a list, the entry that has changed. Empty: nothing
    /// more.
    std::string about{};
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

/// Whether one principal may know of a resource now, under the policy of this moment.
using MayKnow = std::function<bool(std::string_view uri)>;

inline bool may_be_told(const change::Resource& resource, const MayKnow& may_know)
{
    return may_know(resource.uri) && (resource.about.empty() || may_know(resource.about));
}

}  // namespace tailops::service
