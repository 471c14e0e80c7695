#pragma once

#include "gateway/core/call_outcome.hpp"
#include "gateway/core/clock.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/ids.hpp"
#include "targets/output.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace tailops::tools {

/// Where a call about a target stands: `running`, or how it ended.
using RunState = CallOutcome;

/// The name of a stream in tools and resources: "stdout", "stderr".
std::string_view to_string(targets::OutputStream) noexcept;

/// How much a target wrote to a stream, and how much of its beginning can be read again.
struct StreamExtent {
    std::uint64_t bytes{0};
    std::uint64_t lines{0};
    std::uint64_t kept_bytes{0};  // 0: all that there is stands in the result
};

/// One call about a target, as its caller may look at it again.
struct RunView {
    RequestId id;
    ToolName tool;
    TargetId target;
    RunState state{RunState::running};
    TimePoint started{};
    TimePoint ended{};  // the epoch while it runs, or when nobody knows
    /// The structured result; null when there is none, or when it is no longer kept.
    std::shared_ptr<const nlohmann::json> result{};
    std::optional<Error> error{};
    StreamExtent output{};
    StreamExtent diagnostics{};
    std::string not_kept{};  // why a stream lacks its end; empty: it does not
};

/// The bytes from `offset` on.
struct OutputSlice {
    std::uint64_t offset{0};
    std::size_t bytes_max{0};
    /// Whether the page may end within a line or a character.
    enum class Ends { anywhere, between_lines };
    Ends ends{Ends::anywhere};
};

/// The last lines.
struct OutputTail {
    std::size_t lines{0};
    std::size_t bytes_max{0};
};

/// The lines from `offset` on that match, with their numbers and `context` lines around each.
struct OutputGrep {
    std::string pattern;  // RE2
    std::size_t context{0};
    std::uint64_t offset{0};
    std::size_t bytes_max{0};
};

/// Which part of a kept stream is wanted.
struct OutputQuestion {
    using Slice = OutputSlice;
    using Tail = OutputTail;
    using Grep = OutputGrep;
    RequestId run;
    targets::OutputStream stream{targets::OutputStream::output};
    std::variant<Slice, Tail, Grep> part{};
};

/// A part of a kept stream, as the target wrote it. Not yet safe to show: safe_text.
struct OutputPage {
    std::string bytes;        // of Grep: `12:a match`, `13-its context`, `--` between two places
    std::uint64_t offset{0};  // where in the stream it begins
    std::optional<std::uint64_t> next_offset{};  // where to go on; absent at the end
    std::uint64_t matches{0};                    // of Grep: lines
    StreamExtent extent{};
    std::string not_kept{};
    RunState state{RunState::ok};
};

/// The URI under which a client finds a kept stream.
std::string output_uri(const RequestId& run, targets::OutputStream stream);

}  // namespace tailops::tools
