// Any bytes as a header value: decoding must end and agree with encoding, and Accept must be read.

#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/wire/headers.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace tailops;
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};

    const auto decoded = mcp::decode_header_value(text);
    if (decoded && !is_valid_utf8(*decoded)) std::abort();

    // Whatever is valid text survives the way there and back.
    if (is_valid_utf8(text)) {
        const auto header = mcp::encode_header_value(text);
        const auto back = mcp::decode_header_value(header);
        if (!back || *back != text) std::abort();
    }

    const http::Headers headers{{"Accept", std::string{text}}, {"Mcp-Name", std::string{text}}};
    (void)mcp::accepts(headers);
    (void)mcp::single_header(headers, "mcp-name");
    return 0;
}
