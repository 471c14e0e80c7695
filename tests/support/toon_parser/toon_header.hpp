#pragma once

#include "gateway/core/error.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"
#include "tests/support/toon_parser/toon_token.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tailops::toon {

/// A column of a table; one with a group stands for an object in every row.
struct Column {
    Key key;
    std::vector<Column> group;
};

/// The declaration of an array or a table: `key[count]{columns}: values` (section 6).
struct Header {
    std::optional<Key> key;
    std::uint64_t count{0};  ///< UINT64_MAX when it does not fit.
    char delimiter{','};
    /// What the lines below are: a keyed table is an object, the others are arrays.
    enum class Form : std::uint8_t { list, table, keyed_table } form{Form::list};
    std::vector<Column> columns;  ///< Of a table; at least one in each group.
    std::size_t cells{0};         ///< In each row: the columns that have no group.
    std::size_t levels{0};        ///< Objects inside each other in one row.
    std::string_view values;      ///< What follows the colon; only of a list.
    std::string_view repeated;    ///< A column that stands twice in one group, or empty.
};

/// The header that `line` is, or none when it is something else. Groups nest `levels_max` deep.
/// Errors: invalid_argument, without the line, for what only looks like a header.
Result<std::optional<Header>> parse_header(std::string_view line,
                                           ToonVersion version,
                                           std::size_t levels_max);

}  // namespace tailops::toon
