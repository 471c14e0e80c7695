// Any text as TOON, under every set of rules: reading it must end and stay within its bounds, and a
// value that was read is written and read again as itself.
#include "tests/support/toon_parser/toon_parser.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace tailops;

void check(std::string_view text, const ToonDecodeOptions& options)
{
    const auto value = parse_toon(text, options);
    if (!value) return;
    for (const auto delimiter : {ToonDelimiter::comma, ToonDelimiter::tab, ToonDelimiter::pipe}) {
        const auto written = to_toon(*value, {.delimiter = delimiter, .version = options.version});
        // The value is within the bounds already; the text of a table may have been a shorter one.
        const auto again =
            parse_toon(written, {.version = options.version, .text_bytes_max = SIZE_MAX});
        if (!again || *again != *value) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    for (const auto version : {ToonVersion::v3, ToonVersion::v4}) {
        for (const auto strictness : {ToonStrictness::strict, ToonStrictness::lenient}) {
            for (const auto paths : {ToonPathExpansion::off, ToonPathExpansion::safe}) {
                check(text, {.version = version,
                             .strictness = strictness,
                             .path_expansion = paths,
                             .value_bytes_max = std::size_t{16} << 20});
            }
        }
    }
    return 0;
}
