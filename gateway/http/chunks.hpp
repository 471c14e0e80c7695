#pragma once

#include "gateway/http/message.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tailops::http {

/// Decodes a chunked body (RFC 9112 section 7.1) as it arrives. Strict like the head: lines end in
/// CRLF, sizes are bare hexadecimal digits, trailers must be well-formed header lines and are
/// dropped. Pure.
///
/// Ours and not Beast's: its parser asserts when an empty body's last chunk arrives in pieces
/// (1.81, basic_parser.ipp, `n >= 5`), which any client can bring about.
class ChunkDecoder {
public:
    explicit ChunkDecoder(std::size_t body_bytes_max) : body_bytes_max_{body_bytes_max} {}

    /// Takes what it can from the front of `bytes`, appends the data to `body`, and returns how
    /// many bytes it took: give the rest again, with more behind it. Refusals: 413 as soon as a
    /// chunk's size passes the bound; 400.
    std::expected<std::size_t, Refusal> decode(std::string_view bytes, std::string& body);
    bool is_complete() const noexcept { return stage_ == Stage::complete; }

private:
    enum class Stage { size, data, data_end, trailers, complete };

    std::expected<std::size_t, Refusal> step(std::string_view bytes, std::string& body);
    std::expected<std::size_t, Refusal> take_size(std::string_view bytes, std::size_t body_bytes);
    std::expected<std::size_t, Refusal> take_data_end(std::string_view bytes);
    std::expected<std::size_t, Refusal> take_trailer(std::string_view bytes);

    std::size_t body_bytes_max_;
    std::uint64_t left_{0};         // of the chunk in hand
    std::size_t trailer_bytes_{0};  // so far
    Stage stage_{Stage::size};
};

}  // namespace tailops::http
