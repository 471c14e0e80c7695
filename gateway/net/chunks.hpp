#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>

namespace tailops::net {

/// Why a chunked body is not taken.
enum class ChunkFault {
    malformed,
    too_large,  // a chunk announces more than the bound
};

/// Decodes a chunked body (RFC 9112 section 7.1) as it arrives, of a request or of an answer.
/// Strict: lines end in CRLF, sizes are bare hexadecimal digits, trailers must be well-formed
/// header lines and are dropped. Pure.
///
/// Ours and not Beast's: its parser asserts when an empty body's last chunk arrives in pieces
/// (1.81, basic_parser.ipp, `n >= 5`), which whoever sends can bring about.
class ChunkDecoder {
public:
    static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

    explicit ChunkDecoder(std::size_t body_bytes_max) : body_bytes_max_{body_bytes_max} {}

    /// Takes what it can from the front of `bytes`, appends the data to `body`, and returns how
    /// many bytes it took: give the rest again, with more behind it. `too_large` comes as soon as a
    /// chunk's size passes the bound.
    std::expected<std::size_t, ChunkFault> decode(std::string_view bytes, std::string& body);
    bool is_complete() const noexcept { return stage_ == Stage::complete; }

private:
    enum class Stage { size, data, data_end, trailers, complete };

    std::expected<std::size_t, ChunkFault> step(std::string_view bytes, std::string& body);
    std::expected<std::size_t, ChunkFault> take_size(std::string_view bytes,
                                                     std::size_t body_bytes);
    std::expected<std::size_t, ChunkFault> take_data_end(std::string_view bytes);
    std::expected<std::size_t, ChunkFault> take_trailer(std::string_view bytes);

    std::size_t body_bytes_max_;
    std::uint64_t left_{0};         // of the chunk in hand
    std::size_t trailer_bytes_{0};  // so far
    Stage stage_{Stage::size};
};

}  // namespace tailops::net
