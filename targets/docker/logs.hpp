#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets {

/// How a log stream of the Docker Engine is written (Engine API, "Attach to a container", stream
/// format): in frames that name their stream, or raw when the container has a terminal.
enum class LogFraming { multiplexed, raw };

/// The framing of an answer of /containers/{id}/logs. Engines since API 1.42 say it in the content
/// type; before, the first bytes must tell.
LogFraming log_framing_of(std::string_view content_type, std::string_view bytes) noexcept;

struct LogLine {
    enum class Stream { output, errors };
    Stream stream{Stream::output};  // of a terminal: always output
    std::string text;               // valid UTF-8, without its line end
};

struct LogBounds {
    std::size_t lines_max{10'000};
    std::size_t line_bytes_max{16 * 1024};  // the rest of a longer line is left out
};

struct LogText {
    std::vector<LogLine> lines;  // in the order in which they were completed
    bool clipped{false};         // lines, or ends of lines, were left out because of the bounds
    bool cut_off{false};         // the bytes end inside a frame
    bool malformed{false};       // something that is no frame; the lines are those before it
};

/// Takes a log stream apart into lines. Pure; any bytes are taken, cut off anywhere.
LogText read_logs(std::string_view bytes, LogFraming framing, LogBounds bounds = {});

}  // namespace tailops::targets
