#include "gateway/core/trace_context.hpp"

#include "gateway/core/digest.hpp"

#include <algorithm>

namespace tailops {
namespace {

constexpr std::size_t version_size = 2;
constexpr std::size_t trace_size = 32;
constexpr std::size_t span_size = 16;
constexpr std::size_t flags_size = 2;
constexpr std::size_t parent_size = version_size + trace_size + span_size + flags_size + 3;
constexpr std::size_t state_size_max = 512;

/// An id of a trace or a span: not all of it 0.
bool is_id(std::string_view text) noexcept
{
    return is_hex(text) && text.find_first_not_of('0') != text.npos;
}

/// What a header can carry; the members are not ours to read.
bool is_state(std::string_view text) noexcept
{
    return text.size() <= state_size_max &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::optional<TraceContext> read_trace_context(std::string_view parent, std::string_view state)
{
    if (parent.size() < parent_size) return std::nullopt;
    const auto version = parent.substr(0, version_size);
    const auto trace = parent.substr(3, trace_size);
    const auto span = parent.substr(36, span_size);
    const auto flags = parent.substr(53, flags_size);
    if (!is_hex(version) || version == "ff" || !is_id(trace) || !is_id(span) || !is_hex(flags)) {
        return std::nullopt;
    }
    if (parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return std::nullopt;
    // Later versions may go on after another "-"; ours ends here.
    const auto rest = parent.substr(parent_size);
    if (!rest.empty() && (version == "00" || rest.front() != '-')) return std::nullopt;
    return TraceContext{.trace_id = std::string{trace},
                        .flags = std::string{flags},
                        .state = std::string{is_state(state) ? state : std::string_view{}}};
}

std::string traceparent_of(const TraceContext& trace, std::string_view span)
{
    const auto id = span.substr(0, span_size);
    if (id.size() < span_size || !is_id(id)) return {};
    std::string out{"00-"};
    out += trace.trace_id;
    out += '-';
    out += id;
    out += '-';
    out += trace.flags;
    return out;
}

}  // namespace tailops
