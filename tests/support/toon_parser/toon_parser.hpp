#pragma once

#include "gateway/core/toon.hpp"

/// A reader of TOON, for tests: the gateway writes it and never reads it. What to_toon writes is
/// held by it, and it by the fixtures of the specification and the official implementation.
namespace tailops {

/// Whether a dotted name is read as nested objects (specification 3.3, section 13.4).
enum class ToonPathExpansion : std::uint8_t { off, safe };

/// What a reader does with text that contradicts itself. `strict` refuses it. `lenient` takes
/// counts for advice, the last of equal names, tabs as levels, blank lines in arrays and skipped
/// levels; in v3 also a malformed header as a name. The rest is refused in both.
enum class ToonStrictness : std::uint8_t { strict, lenient };

struct ToonDecodeOptions {
    std::size_t indent_size{2};  ///< Spaces per level; 0 counts as 1.
    ToonVersion version{ToonVersion::v4};
    ToonStrictness strictness{ToonStrictness::strict};
    ToonPathExpansion path_expansion{ToonPathExpansion::off};
    std::size_t depth_max{64};  ///< Arrays and objects inside each other, as parse_json.
    std::size_t text_bytes_max{std::size_t{16} << 20};
    /// What the value may take in memory, by a count that is not below it: a table names its
    /// fields once, so a short text can mean a large value.
    std::size_t value_bytes_max{std::size_t{256} << 20};
};

/// The value `text` stands for. Integers of 64 bits are exact, other numbers the nearest double; a
/// number beyond the range of double stays a string. Names are sorted, as in every nlohmann::json.
/// Errors: invalid_argument, naming the line and what to do.
Result<nlohmann::json> parse_toon(std::string_view text, const ToonDecodeOptions& options = {});

}  // namespace tailops
