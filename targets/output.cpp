#include "targets/output.hpp"

#include <algorithm>

namespace tailops::targets {
namespace {

using Wants = OutputSink::Wants;

std::uint64_t count_line_ends(std::string_view text) noexcept
{
    return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

struct KeepRest {
    std::shared_ptr<OutputSink> sink;
    void operator()(Probe&) const noexcept {}
    void operator()(auto& operation) const noexcept { operation.rest = sink; }
};

struct ScrubOutput {
    std::shared_ptr<const KnownSecrets> secrets;
    void operator()(Probe&) const noexcept {}
    void operator()(auto& operation) const noexcept { operation.secrets = secrets; }
};

}  // namespace

OutputCollector::OutputCollector(OutputStream stream, OutputBounds bounds)
    : stream_{stream},
      bounds_{std::move(bounds)}
{
    if (bounds_.secrets) scrubber_.emplace(bounds_.secrets);
}

Wants OutputCollector::add(std::string_view bytes)
{
    received_ += bytes.size();
    return scrubber_ ? take(scrubber_->add(bytes)) : take(bytes);
}

Wants OutputCollector::take(std::string_view bytes)
{
    if (bytes.empty()) return wants_;
    bytes_ += bytes.size();
    line_ends_ += count_line_ends(bytes);
    last_ = bytes.back();
    const auto room = bounds_.limit_bytes - head_.size();
    if (!is_cut_ && bytes.size() <= room) {
        head_ += bytes;
        return wants_;
    }
    if (!is_cut_) {
        is_cut_ = true;
        wants_ = spill(head_);
    }
    if (wants_ == Wants::more) wants_ = spill(bytes);
    const auto fits = bytes.substr(0, room);
    head_ += fits;
    keep_tail(bytes.substr(fits.size()));
    return wants_;
}

Wants OutputCollector::spill(std::string_view bytes)
{
    return bounds_.rest ? bounds_.rest->write(stream_, bytes) : Wants::nothing;
}

void OutputCollector::keep_tail(std::string_view bytes)
{
    const auto size_max = std::min(bounds_.limit_bytes, tail_bytes_max);
    if (size_max == 0) return;
    if (bytes.size() > size_max) bytes.remove_prefix(bytes.size() - size_max);
    const auto fits = bytes.substr(0, size_max - tail_.size());
    tail_ += fits;
    bytes.remove_prefix(fits.size());
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, size_max - tail_at_);
        std::ranges::copy(piece, tail_.begin() + static_cast<std::ptrdiff_t>(tail_at_));
        tail_at_ = (tail_at_ + piece.size()) % size_max;
        bytes.remove_prefix(piece.size());
    }
}

std::string OutputCollector::tail() &&
{
    std::ranges::rotate(tail_, tail_.begin() + static_cast<std::ptrdiff_t>(tail_at_));
    return std::move(tail_);
}

void OutputCollector::finish(ExecutionResult& result) &&
{
    if (scrubber_) {
        take(scrubber_->finish());
        result.redacted.insert(scrubber_->kinds().begin(), scrubber_->kinds().end());
    }
    const auto lines = line_ends_ + (last_ == '\n' ? 0 : 1);
    result.truncated = result.truncated || is_cut_;
    if (stream_ == OutputStream::output) {
        result.output_bytes = bytes_;
        result.output_lines = lines;
        result.output = std::move(head_);
        result.output_tail = std::move(*this).tail();
    } else {
        result.diagnostics_bytes = bytes_;
        result.diagnostics_lines = lines;
        result.diagnostics = std::move(head_);
        result.diagnostics_tail = std::move(*this).tail();
    }
}

std::uint64_t count_lines(std::string_view text) noexcept
{
    return count_line_ends(text) + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

void keep_rest(Operation& operation, std::shared_ptr<OutputSink> sink)
{
    std::visit(KeepRest{std::move(sink)}, operation);
}

void scrub_output(Operation& operation, std::shared_ptr<const KnownSecrets> secrets)
{
    std::visit(ScrubOutput{std::move(secrets)}, operation);
}

}  // namespace tailops::targets
