#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"

#include <array>

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

constexpr std::array<std::string_view, 2> health_words = {"healthy", "degraded"};

struct TargetCounts {
    std::int64_t unknown{}, reachable{}, unreachable{}, unauthorized{};

    static void fields(Fields& f, TargetCounts& s)
    {
        f("unknown", s.unknown);
        f("reachable", s.reachable);
        f("unreachable", s.unreachable);
        f("unauthorized", s.unauthorized);
    }

    void count(targets::Reach reach)
    {
        switch (reach) {
        case targets::Reach::unknown: ++unknown; break;
        case targets::Reach::reachable: ++reachable; break;
        case targets::Reach::unreachable: ++unreachable; break;
        case targets::Reach::unauthorized: ++unauthorized; break;
        }
    }
};

struct Health {
    std::string status{};
    std::optional<std::string> reason{};
    std::string version{};
    std::int64_t uptime{};
    TargetCounts targets{};
    std::string timestamp{};

    static void fields(Fields& f, Health& s)
    {
        f("status", s.status, {}, {.one_of = health_words});
        f("reason", s.reason, "Why it is degraded");
        f("version", s.version);
        f("uptime", s.uptime, "Seconds since the gateway started");
        f("targets", s.targets, "How many of the targets that you may see are in which state");
        f("timestamp", s.timestamp);
    }
};

Result<Health> answer_health(const NoArguments&, const GatewayView& view)
{
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(view.now() - view.started());
    Health out{.status = "healthy",
               .version = TAILOPS_VERSION,
               .uptime = up.count(),
               .timestamp = rfc3339(view.now())};
    for (const auto& visible : view.targets()) out.targets.count(visible.state.reach);
    if (const auto trail = view.trail_health(); !trail) {
        out.status = "degraded";
        out.reason = trail.error().public_message();
    }
    return out;
}

}  // namespace

Tool health_check()
{
    return kit::ToolOf<NoArguments, Health>{
        {.name = "health_check",
         .title = "Gateway health",
         .summary = "Whether the gateway itself is well, since when it runs, and how many "
                    "targets are in which state.",
         .rights = {{{"gateway", "read"}, Tier::observe}}}}
        .answers(answer_health);
}

}  // namespace tailops::tools
