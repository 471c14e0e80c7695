#include "tests/support/toon_parser/toon_header.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

namespace tailops::toon {
namespace {

constexpr auto npos = std::string_view::npos;

std::unexpected<Error> malformed(std::string what)
{
    return fail(Errc::invalid_argument, std::move(what));
}

/// Where the bracket of a header is in `line`, or npos when the line has none before its colon.
std::size_t find_bracket(std::string_view line)
{
    if (line.starts_with('"')) {
        const auto closing = find_closing_quote(line, 0);
        if (closing == npos || !line.substr(closing + 1).starts_with('[')) return npos;
        return find_unquoted(line, ':', closing + 1) == npos ? npos : closing + 1;
    }
    const auto first = find_unquoted_of(line, "[:");
    if (first == npos || line[first] == ':') return npos;
    return find_unquoted(line, ':', first) == npos ? npos : first;
}

/// Reads one header from left to right, each character once.
class HeaderReader {
public:
    HeaderReader(std::string_view line,
                 std::size_t bracket,
                 ToonVersion version,
                 std::size_t levels_max)
        : line_{line},
          at_{bracket},
          version_{version},
          levels_max_{levels_max}
    {
    }

    Result<std::optional<Header>> read() &&
    {
        if (at_ > 0) {
            const auto token = line_.substr(0, at_);
            if (token.ends_with(' ') || token.ends_with('\t')) {
                return malformed("a space before the bracket; write the name and the [ together");
            }
            TAILOPS_TRY(header_.key, parse_key(token));
        }
        TAILOPS_CHECK(bracket());
        if (next_is('{')) {
            TAILOPS_TRY(header_.columns, group(1));
            if (header_.form == Header::Form::list) header_.form = Header::Form::table;
        } else if (header_.form == Header::Form::keyed_table) {
            return malformed("a keyed table names no fields; write them as {a,b} after the ]");
        }
        if (!next_is(':')) return malformed("no colon right after the header; write it there");
        header_.values = trim_spaces(line_.substr(at_ + 1));
        if (header_.form != Header::Form::list && !header_.values.empty()) {
            return malformed(
                "values on the line of a table header; write each row on its own line");
        }
        return std::move(header_);
    }

private:
    bool next_is(char c) const { return at_ < line_.size() && line_[at_] == c; }

    /// `[`, the count, a colon for a keyed table, the delimiter unless it is the comma, `]`.
    Status bracket()
    {
        const auto end = find_unquoted(line_, ']', at_);
        if (end == npos)
            return malformed("the [ of the header is not closed; write ] after the count");
        auto inside = line_.substr(at_ + 1, end - at_ - 1);
        const auto written = inside;
        at_ = end + 1;
        if (inside.ends_with('\t') || inside.ends_with('|')) {
            header_.delimiter = inside.back();
            inside.remove_suffix(1);
        }
        if (version_ == ToonVersion::v4 && inside.ends_with(':')) {
            header_.form = Header::Form::keyed_table;
            inside.remove_suffix(1);
        }
        const bool is_count =
            !inside.empty() && (inside.size() == 1 || inside.front() != '0') &&
            std::ranges::all_of(inside, [](char c) { return c >= '0' && c <= '9'; });
        if (!is_count) {
            return malformed(quote(written) +
                             " in the brackets is no count; write digits, no zero first");
        }
        const auto [last, error] =
            std::from_chars(inside.data(), inside.data() + inside.size(), header_.count);
        if (error != std::errc{}) header_.count = UINT64_MAX;
        return {};
    }

    /// The columns from the brace at `at_` to the one that closes it.
    Result<std::vector<Column>> group(std::size_t level)
    {
        if (level > levels_max_) {
            return malformed("fields nested deeper than " + std::to_string(levels_max_) +
                             " levels");
        }
        if (level > 1 && version_ == ToonVersion::v3) {
            return malformed("fields inside a field; version 3 of the format has none");
        }
        header_.levels = std::max(header_.levels, level);
        std::vector<Column> columns;
        std::set<std::string, std::less<>> names;
        do {
            ++at_;
            TAILOPS_TRY(auto column, this->column(level));
            if (!names.insert(column.key.name).second && header_.repeated.empty()) {
                header_.repeated = token_;
            }
            columns.push_back(std::move(column));
        } while (next_is(header_.delimiter));
        if (!next_is('}'))
            return malformed("a { of the header is not closed; write } after the fields");
        ++at_;
        return columns;
    }

    Result<Column> column(std::size_t level)
    {
        TAILOPS_TRY(const auto raw, name());
        const auto token = trim_spaces(raw);
        if (token.empty()) return malformed("a field without a name; name it");
        Column column;
        TAILOPS_TRY(column.key, parse_key(token));
        if (!next_is('{')) {
            ++header_.cells;
            token_ = token;
            return column;
        }
        if (raw.ends_with(' '))
            return malformed("a space before the { of a field; write them together");
        TAILOPS_TRY(column.group, group(level + 1));
        while (next_is(' ')) ++at_;
        if (!next_is('}') && !next_is(header_.delimiter)) {
            return malformed("a field goes on after its }; write " +
                             quote(std::string_view{&header_.delimiter, 1}) + " or } there");
        }
        token_ = token;
        return column;
    }

    /// The text up to the delimiter, a brace or the end, all of them outside quotes.
    Result<std::string_view> name()
    {
        const auto from = at_;
        for (bool inside = false; at_ < line_.size(); ++at_) {
            const char c = line_[at_];
            if (inside && c == '\\') {
                ++at_;
            } else if (c == '"') {
                inside = !inside;
            } else if (!inside && (c == header_.delimiter || c == '{' || c == '}')) {
                break;
            } else if (!inside && (c == ',' || c == '\t' || c == '|')) {
                return malformed("the fields are separated by " + quote(std::string_view{&c, 1}) +
                                 ", the brackets say " +
                                 quote(std::string_view{&header_.delimiter, 1}) +
                                 "; use the same in both");
            }
        }
        at_ = std::min(at_, line_.size());
        return line_.substr(from, at_ - from);
    }

    std::string_view line_;
    std::size_t at_;
    ToonVersion version_;
    std::size_t levels_max_;
    std::string_view token_;  ///< The name of the column read last.
    Header header_;
};

}  // namespace

Result<std::optional<Header>> parse_header(std::string_view line,
                                           ToonVersion version,
                                           std::size_t levels_max)
{
    const auto bracket = find_bracket(line);
    if (bracket == npos) return std::nullopt;
    return HeaderReader{line, bracket, version, levels_max}.read();
}

}  // namespace tailops::toon
