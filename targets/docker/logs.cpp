#include "targets/docker/logs.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tailops::targets {

namespace {

using Stream = LogLine::Stream;

// stream, three zero bytes, the payload's size in 32 bits with the high byte first
constexpr std::size_t frame_header_bytes = 8;

struct FrameHeader {
    Stream stream{Stream::output};
    std::size_t payload_bytes{0};
};

/// Whether `bytes` could begin a frame, as far as there are bytes. 0 is standard input, which the
/// engine writes to the output; 3 is a message of the engine's own.
bool begins_frame(std::string_view bytes) noexcept
{
    if (bytes.empty()) return true;
    if (static_cast<unsigned char>(bytes[0]) > 3) return false;
    return std::ranges::all_of(bytes.substr(1, 3), [](char c) { return c == '\0'; });
}

/// REQUIRES: eight bytes that begin a frame.
FrameHeader read_header(std::string_view bytes) noexcept
{
    std::uint32_t size = 0;
    for (const char c : bytes.substr(4, 4)) size = size << 8 | static_cast<unsigned char>(c);
    return {bytes[0] >= 2 ? Stream::errors : Stream::output, size};
}

/// Puts the pieces of two streams together into lines.
class LineCollector {
public:
    explicit LineCollector(LogBounds bounds) : bounds_{bounds} {}

    void add(Stream stream, std::string_view bytes)
    {
        for (;;) {
            const auto end = bytes.find('\n');
            append(stream, bytes.substr(0, end));
            if (end == std::string_view::npos) return;
            complete(stream);
            bytes.remove_prefix(end + 1);
        }
    }

    /// Completes what has no line end, and hands everything over.
    LogText finish() &&
    {
        for (const auto stream : {Stream::output, Stream::errors}) {
            if (!partial(stream).empty()) complete(stream);
        }
        return std::move(text_);
    }

    LogText& text() noexcept { return text_; }

private:
    std::string& partial(Stream stream) noexcept
    {
        return partial_[stream == Stream::errors ? 1 : 0];
    }

    void append(Stream stream, std::string_view bytes)
    {
        auto& line = partial(stream);
        const auto room = bounds_.line_bytes_max - std::min(bounds_.line_bytes_max, line.size());
        line.append(bytes.substr(0, room));
        // The carriage return of a terminal's line end is no loss.
        if (bytes.size() > room && bytes.substr(room) != "\r") text_.clipped = true;
    }

    void complete(Stream stream)
    {
        auto& line = partial(stream);
        if (text_.lines.size() < bounds_.lines_max) {
            std::string_view whole = line;
            if (whole.ends_with('\r')) whole.remove_suffix(1);
            text_.lines.push_back({stream, repair_utf8(whole)});
        } else {
            text_.clipped = true;
        }
        line.clear();
    }

    LogBounds bounds_;
    std::array<std::string, 2> partial_;
    LogText text_;
};

}  // namespace

LogFraming log_framing_of(std::string_view content_type, std::string_view bytes) noexcept
{
    if (content_type == "application/vnd.docker.multiplexed-stream") return LogFraming::multiplexed;
    // Older engines call both streams raw. A terminal does not begin with a byte below 4 and zeros.
    return begins_frame(bytes) ? LogFraming::multiplexed : LogFraming::raw;
}

LogText read_logs(std::string_view bytes, LogFraming framing, LogBounds bounds)
{
    LineCollector lines{bounds};
    if (framing == LogFraming::raw) {
        lines.add(Stream::output, bytes);
        return std::move(lines).finish();
    }
    while (!bytes.empty()) {
        if (!begins_frame(bytes)) {
            lines.text().malformed = true;
            break;
        }
        if (bytes.size() < frame_header_bytes) {
            lines.text().cut_off = true;
            break;
        }
        const auto header = read_header(bytes);
        bytes.remove_prefix(frame_header_bytes);
        const auto payload = bytes.substr(0, header.payload_bytes);
        if (payload.size() < header.payload_bytes) lines.text().cut_off = true;
        lines.add(header.stream, payload);
        bytes.remove_prefix(payload.size());
    }
    return std::move(lines).finish();
}

}  // namespace tailops::targets
