#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/texts.hpp"

#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;

constexpr std::array<std::string_view, 4> reach_words = {"unknown", "reachable", "unreachable",
                                                         "unauthorized"};

struct TargetsWanted {
    std::optional<std::string> tag{}, environment{};

    static void fields(Fields& f, TargetsWanted& s)
    {
        f("tag", s.tag, "Only targets that bear this tag", {.longest = 128, .example = "web"});
        f("environment", s.environment, "Only targets of this environment",
          {.longest = 128, .example = "production"});
    }
};

struct State {
    std::string status{};
    std::optional<std::string> reason{}, since{};

    static void fields(Fields& f, State& s)
    {
        f("status", s.status, {}, {.one_of = reach_words});
        f("reason", s.reason);
        f("since", s.since);
    }
};

struct ListedTarget {
    std::string id{}, type{};
    std::optional<std::string> description{}, environment{};
    Texts tags{}, capabilities{};
    State state{};
    Texts tools{};

    static void fields(Fields& f, ListedTarget& s)
    {
        f("id", s.id, "What other tools take as `target`");
        f("type", s.type);
        f("description", s.description);
        f("environment", s.environment);
        f("tags", s.tags);
        f("capabilities", s.capabilities);
        f("state", s.state);
        f("tools", s.tools, "Those you may use there");
    }
};

struct TargetList {
    std::vector<ListedTarget> targets{};
    std::int64_t count{};

    static void fields(Fields& f, TargetList& s)
    {
        f("targets", s.targets);
        f("count", s.count);
    }
};

State shown(const targets::TargetState& state)
{
    State out{.status = std::string{to_string(state.reach)}};
    if (!state.reason.empty()) out.reason = escaped_line(state.reason);
    if (state.since != TimePoint{}) out.since = rfc3339(state.since);
    return out;
}

ListedTarget shown(const GatewayView::VisibleTarget& visible)
{
    const auto& spec = visible.target->spec;
    ListedTarget out{.id = spec.facts.id.str(),
                     .type = std::string{to_string(spec.kind)},
                     .tags = texts_of(spec.facts.tags),
                     .capabilities = names_of(spec.facts.offers),
                     .state = shown(visible.state),
                     .tools = visible.tools};
    if (!spec.description.empty()) out.description = spec.description;
    if (!spec.facts.environment.empty()) out.environment = spec.facts.environment;
    return out;
}

Result<TargetList> answer_targets(const TargetsWanted& wanted, const GatewayView& view)
{
    const auto tag = wanted.tag.value_or(""), environment = wanted.environment.value_or("");
    TargetList out;
    for (const auto& visible : view.targets()) {
        const auto& facts = visible.target->spec.facts;
        if (!tag.empty() && !facts.tags.contains(tag)) continue;
        if (!environment.empty() && facts.environment != environment) continue;
        out.targets.push_back(shown(visible));
    }
    out.count = std::ssize(out.targets);
    return out;
}

}  // namespace

Tool list_targets()
{
    return kit::ToolOf<TargetsWanted, TargetList>{
        {.name = "list_targets",
         .title = "Targets",
         .summary = "The machines and APIs that you may work with, what each offers, its last "
                    "known state, and the tools you may use there. Call this first.",
         .rights = {{{"gateway", "read"}, Tier::observe}},
         .has_long_lists = true}}
        .answers(answer_targets);
}

}  // namespace tailops::tools
