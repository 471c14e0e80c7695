#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace tailops {

/// A string that names one kind of thing, so that a TargetId cannot be passed where a ToolName is
/// due. Explicit in, explicit out; ordered and hashable.
template <class Tag>
class Id {
public:
    Id() = default;
    explicit Id(std::string text) : text_{std::move(text)} {}
    std::string_view view() const noexcept { return text_; }
    const std::string& str() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    friend auto operator<=>(const Id&, const Id&) = default;

private:
    std::string text_;
};

using TargetId = Id<struct TargetIdTag>;
using ToolName = Id<struct ToolNameTag>;
using SubjectId = Id<struct SubjectIdTag>;  ///< `sub`, unique within its issuer
using RuleId = Id<struct RuleIdTag>;
using RequestId = Id<struct RequestIdTag>;  ///< ours, one per tool call; the audit trail's key

/// What `target` is called when a tool is about the gateway itself and touches no machine.
inline const TargetId gateway_target{"gateway"};

}  // namespace tailops

template <class Tag>
struct std::hash<tailops::Id<Tag>> {
    std::size_t operator()(const tailops::Id<Tag>& id) const noexcept
    {
        return std::hash<std::string_view>{}(id.view());
    }
};
