#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Token-Oriented Object Notation: the JSON data model as indented lines and tables, made to cost a
/// language model few tokens (github.com/toon-format/spec; docs/toon.md says which version).
/// Values and pure functions, safe from any thread.
namespace tailops {

/// What separates the cells of rows and inline arrays; the header of each array says which.
enum class ToonDelimiter : char { comma = ',', tab = '\t', pipe = '|' };

/// Versions of the specification whose documents differ. `v4` (4.0 to 4.4) has nested field groups,
/// keyed tables and comment lines; a reader of `v3` (3.0 to 3.3) refuses the first two.
enum class ToonVersion : std::uint8_t { v3, v4 };

/// Whether `{"a":{"b":1}}` is written as `a.b: 1` (specification 3.3, section 13.4). A reader gets
/// it back with its path expansion, except that a name which had a dot of its own is split
/// too.
enum class ToonKeyFolding : std::uint8_t { off, safe };

struct ToonOptions {
    std::size_t indent_size{2};  ///< Spaces per level; 0 counts as 1.
    ToonDelimiter delimiter{ToonDelimiter::comma};
    ToonVersion version{ToonVersion::v4};
    ToonKeyFolding key_folding{ToonKeyFolding::off};
    std::size_t flatten_depth{SIZE_MAX};  ///< Names one folded name is made of at most.
};

/// `value` as TOON, without a newline at the end; the empty object is the empty text. Linear in the
/// size of the value, times its depth where indentation has it so. Names come in the order of the
/// object. Integers of 64 bits are exact; other numbers are the shortest that reads back the same,
/// with an exponent only below 1e-6 and from 1e21; no number of JSON (infinite, NaN) is null.
/// Invalid UTF-8 is replaced.
std::string to_toon(const nlohmann::json& value, const ToonOptions& options = {});
std::string to_toon(const nlohmann::ordered_json& value, const ToonOptions& options = {});

}  // namespace tailops
