#pragma once

#include "gateway/core/secret_scan.hpp"
#include "targets/operation.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::targets {

/// The two streams of an operation: standard output or body, and standard error.
enum class OutputStream { output, diagnostics };

/// Where a stream goes that its result has no room for. Given with an operation; called from the
/// strand that the operation runs on, never again once the operation has ended.
class OutputSink {
public:
    OutputSink() = default;
    OutputSink(const OutputSink&) = delete;
    OutputSink& operator=(const OutputSink&) = delete;
    virtual ~OutputSink() = default;

    enum class Wants { more, nothing };
    /// Takes the next bytes of `stream`: all of them in order, from the first byte on, beginning
    /// when the result is full. Does not block. Says whether it keeps what comes next; a caller who
    /// must go on reading may go on calling.
    virtual Wants write(OutputStream stream, std::string_view bytes) = 0;
};

/// How much of a stream a result holds, and where the whole goes when that is not enough.
struct OutputBounds {
    std::size_t limit_bytes{0};
    std::shared_ptr<OutputSink> rest{};  // null: what is beyond the limit is counted, not kept
    std::shared_ptr<const KnownSecrets> secrets{};  // null: the stream is left as it is
};

// The end of a stream that was cut: as much as its beginning, but no more than this.
constexpr std::size_t tail_bytes_max = 256 * 1024;

/// One stream of a running operation, as it comes in: keeps its beginning and its end, counts it,
/// and hands all of it to the sink when it turns out not to fit. Secrets are taken out first, so
/// that no part of one is cut off and shown. Takes at most the limit and `tail_bytes_max` of
/// memory. Belongs to one strand.
class OutputCollector {
public:
    OutputCollector(OutputStream stream, OutputBounds bounds);

    /// Takes in the next bytes; says whether further ones are of use beyond being counted.
    OutputSink::Wants add(std::string_view bytes);
    /// How many came in.
    std::uint64_t bytes() const noexcept { return received_; }

    /// Moves what was collected into `result`.
    void finish(ExecutionResult& result) &&;

private:
    OutputSink::Wants take(std::string_view bytes);
    OutputSink::Wants spill(std::string_view bytes);
    void keep_tail(std::string_view bytes);
    std::string tail() &&;

    OutputStream stream_;
    OutputBounds bounds_;
    std::optional<StreamScrubber> scrubber_;
    std::string head_;
    std::string tail_;        // a ring once it is full
    std::size_t tail_at_{0};  // where the ring begins
    std::uint64_t received_{0};
    std::uint64_t bytes_{0};
    std::uint64_t line_ends_{0};
    char last_{'\n'};
    bool is_cut_{false};
    OutputSink::Wants wants_{OutputSink::Wants::more};
};

/// How many lines `text` has; what follows the last line end is one too.
std::uint64_t count_lines(std::string_view text) noexcept;

/// The sink to which `operation` hands what does not fit into its result.
void keep_rest(Operation& operation, std::shared_ptr<OutputSink> sink);

/// Has secrets taken out of what `operation` writes.
void scrub_output(Operation& operation, std::shared_ptr<const KnownSecrets> secrets);

}  // namespace tailops::targets
