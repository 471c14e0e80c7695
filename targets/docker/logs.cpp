#include "targets/docker/logs.hpp"

#include <algorithm>
#include <utility>

namespace tailops::targets {
namespace {

// stream, three zero bytes, the payload's size in 32 bits with the high byte first
constexpr std::size_t frame_header_bytes = 8;
// Those of them that tell a frame from anything else.
constexpr std::size_t telling_bytes = 4;
constexpr std::size_t unfinished_bytes_max = 64 * 1024;

/// Whether `bytes` could begin a frame, as far as there are bytes. 0 is standard input, which the
/// engine writes to the output; 3 is a message of the engine's own.
bool begins_frame(std::string_view bytes) noexcept
{
    if (bytes.empty()) return true;
    if (static_cast<unsigned char>(bytes[0]) > 3) return false;
    return std::ranges::all_of(bytes.substr(1, 3), [](char c) { return c == '\0'; });
}

/// REQUIRES: eight bytes that begin a frame.
std::uint32_t payload_bytes(std::string_view header) noexcept
{
    std::uint32_t size = 0;
    for (const char c : header.substr(4, 4)) size = size << 8 | static_cast<unsigned char>(c);
    return size;
}

}  // namespace

LogFraming log_framing_of(std::string_view content_type, std::string_view bytes) noexcept
{
    if (content_type == "application/vnd.docker.multiplexed-stream") return LogFraming::multiplexed;
    // Older engines call both streams raw. A terminal does not begin with a byte below 4 and zeros.
    return begins_frame(bytes) ? LogFraming::multiplexed : LogFraming::raw;
}

std::string LogMerger::feed(std::string_view bytes)
{
    std::string out;
    if (framing_) {
        read(bytes, out);
        return out;
    }
    pending_ += bytes;
    if (pending_.size() < telling_bytes && begins_frame(pending_)) return out;
    framing_ = log_framing_of(content_type_, pending_);
    read(std::exchange(pending_, {}), out);
    return out;
}

std::string LogMerger::finish()
{
    std::string out;
    // Less than a frame header: of a terminal it is text, of a broken-off stream nothing.
    if (!framing_ && log_framing_of(content_type_, pending_) == LogFraming::raw) out = pending_;
    pending_.clear();
    for (auto& line : unfinished_) out += std::exchange(line, {});
    return out;
}

void LogMerger::read(std::string_view bytes, std::string& out)
{
    if (framing_ == LogFraming::raw)
        out += bytes;
    else
        read_frames(bytes, out);
}

void LogMerger::read_frames(std::string_view bytes, std::string& out)
{
    while (!bytes.empty()) {
        if (left_ > 0) {
            const auto payload = bytes.substr(0, left_);
            add(stream_, payload, out);
            left_ -= static_cast<std::uint32_t>(payload.size());
            bytes.remove_prefix(payload.size());
            continue;
        }
        const auto piece = bytes.substr(0, frame_header_bytes - pending_.size());
        pending_ += piece;
        bytes.remove_prefix(piece.size());
        if (!begins_frame(pending_)) {
            go_raw(bytes, out);
            return;
        }
        if (pending_.size() < frame_header_bytes) return;
        stream_ = pending_[0] >= 2 ? 1 : 0;
        left_ = payload_bytes(pending_);
        pending_.clear();
    }
}

void LogMerger::add(std::size_t stream, std::string_view bytes, std::string& out)
{
    auto& line = unfinished_.at(stream);
    const auto end = bytes.rfind('\n');
    if (end != std::string_view::npos) {
        out += std::exchange(line, {});
        out += bytes.substr(0, end + 1);
        bytes.remove_prefix(end + 1);
    }
    line += bytes;
    if (line.size() > unfinished_bytes_max) {
        out += line;
        line.clear();
    }
}

void LogMerger::go_raw(std::string_view bytes, std::string& out)
{
    framing_ = LogFraming::raw;
    for (auto& line : unfinished_) out += std::exchange(line, {});
    out += std::exchange(pending_, {});
    out += bytes;
}

}  // namespace tailops::targets
