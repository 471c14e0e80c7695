#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::targets {

/// How a log stream of the Docker Engine is written (Engine API, "Attach to a container", stream
/// format): in frames that name their stream, or raw when the container has a terminal.
enum class LogFraming { multiplexed, raw };

/// The framing of an answer of /containers/{id}/logs. Engines since API 1.42 say it in the content
/// type; before, the first bytes must tell: four of them, or all there are.
LogFraming log_framing_of(std::string_view content_type, std::string_view bytes) noexcept;

/// Makes one text of a log stream as it arrives: frames taken apart, the lines of both streams in
/// the order in which they were completed. Nothing is left out: where the stream stops being
/// frames, what follows is passed on as it is.
///
/// Keeps an unfinished line of each stream, up to 64 KiB; a longer one is passed on in pieces.
class LogMerger {
public:
    explicit LogMerger(std::string content_type) : content_type_{std::move(content_type)} {}

    /// The text that `bytes`, cut off anywhere, complete.
    std::string feed(std::string_view bytes);
    /// What has no line end, and what was no whole frame header.
    std::string finish();

private:
    void read(std::string_view bytes, std::string& out);
    void read_frames(std::string_view bytes, std::string& out);
    void add(std::size_t stream, std::string_view bytes, std::string& out);
    void go_raw(std::string_view bytes, std::string& out);

    std::string content_type_;
    std::optional<LogFraming> framing_;      // unknown before the first four bytes
    std::string pending_;                    // part of a frame header, or the first bytes
    std::uint32_t left_{0};                  // of the present frame
    std::size_t stream_{0};                  // of the present frame
    std::array<std::string, 2> unfinished_;  // lines of output and errors
};

}  // namespace tailops::targets
