#include "gateway/net/chunks.hpp"

#include "gateway/core/text.hpp"
#include "gateway/net/request_writer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tailops::net {
namespace {

// A chunk's size with its extensions, and all trailers together: nobody needs more.
constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t trailer_bytes_max = 8 * 1024;

constexpr auto bad_chunk = ChunkFault::malformed;

using Line = std::expected<std::optional<std::string_view>, ChunkFault>;

/// The line at the front of `bytes` without its CRLF; nothing while its end is not there.
Line line_of(std::string_view bytes, std::size_t bytes_max)
{
    const auto end = bytes.substr(0, bytes_max).find('\n');
    if (end == std::string_view::npos) {
        if (bytes.size() >= bytes_max) return std::unexpected{bad_chunk};
        return std::nullopt;
    }
    if (end == 0 || bytes[end - 1] != '\r') return std::unexpected{bad_chunk};
    const auto line = bytes.substr(0, end - 1);
    const bool is_text = std::ranges::none_of(line, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (!is_text) return std::unexpected{bad_chunk};
    return line;
}

bool is_harmless_trailer(std::string_view line)
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto name = lower_ascii(line.substr(0, colon));
    return is_token(name) && name != "content-length" && name != "transfer-encoding";
}

}  // namespace

std::expected<std::size_t, ChunkFault> ChunkDecoder::decode(std::string_view bytes,
                                                            std::string& body)
{
    std::size_t taken = 0;
    while (taken < bytes.size() && stage_ != Stage::complete) {
        const auto count = step(bytes.substr(taken), body);
        if (!count) return count;
        if (*count == 0) break;
        taken += *count;
    }
    return taken;
}

std::expected<std::size_t, ChunkFault> ChunkDecoder::step(std::string_view bytes, std::string& body)
{
    switch (stage_) {
    case Stage::size: return take_size(bytes, body.size());
    case Stage::data: {
        const auto count = std::min<std::uint64_t>(left_, bytes.size());
        body.append(bytes.substr(0, count));
        left_ -= count;
        if (left_ == 0) stage_ = Stage::data_end;
        return count;
    }
    case Stage::data_end: return take_data_end(bytes);
    case Stage::trailers: return take_trailer(bytes);
    case Stage::complete: break;
    }
    return 0;
}

std::expected<std::size_t, ChunkFault> ChunkDecoder::take_size(std::string_view bytes,
                                                               std::size_t body_bytes)
{
    const auto line = line_of(bytes, line_bytes_max);
    if (!line) return std::unexpected{line.error()};
    if (!*line) return 0;
    const auto text = **line;
    std::uint64_t size = 0;
    const auto [stopped, wrong] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
    if (wrong != std::errc{}) return std::unexpected{bad_chunk};
    const auto extensions = trim({stopped, text.data() + text.size()});
    if (!extensions.empty() && extensions.front() != ';') return std::unexpected{bad_chunk};
    if (size > body_bytes_max_ - body_bytes) return std::unexpected{ChunkFault::too_large};
    left_ = size;
    stage_ = size == 0 ? Stage::trailers : Stage::data;
    return text.size() + 2;
}

std::expected<std::size_t, ChunkFault> ChunkDecoder::take_data_end(std::string_view bytes)
{
    if (bytes.front() != '\r' || (bytes.size() > 1 && bytes[1] != '\n')) {
        return std::unexpected{bad_chunk};
    }
    if (bytes.size() < 2) return 0;
    stage_ = Stage::size;
    return 2;
}

std::expected<std::size_t, ChunkFault> ChunkDecoder::take_trailer(std::string_view bytes)
{
    const auto line = line_of(bytes, trailer_bytes_max - trailer_bytes_);
    if (!line) return std::unexpected{line.error()};
    if (!*line) return 0;
    const auto text = **line;
    if (text.empty()) {
        stage_ = Stage::complete;
    } else if (!is_harmless_trailer(text)) {
        return std::unexpected{bad_chunk};
    }
    trailer_bytes_ += text.size() + 2;
    return text.size() + 2;
}

}  // namespace tailops::net
