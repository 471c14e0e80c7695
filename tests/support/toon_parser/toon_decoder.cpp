#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "tests/support/toon_parser/toon_input.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops {
namespace toon {
namespace {

using nlohmann::json;

bool has_colon(std::string_view content)
{
    return find_unquoted(content, ':') != std::string_view::npos;
}

/// Whether a line at the level of the rows is a row: no colon, or a delimiter before it
/// (section 9.3).
bool is_row(std::string_view content, char delimiter)
{
    const auto colon = find_unquoted(content, ':');
    return colon == std::string_view::npos || find_unquoted(content, delimiter) < colon;
}

/// Follows the lines of a document from top to bottom; each function returns with the first line
/// that is not its own still to be read.
class Decoder {
public:
    Decoder(std::string_view text, const ToonDecodeOptions& options) : in_{text, options} {}

    Result<json> decode() &&
    {
        auto value = document();
        // To whoever asked, a line that could not be read looked like the end of the text.
        if (in_.failure()) return fail(*in_.failure());
        return value;
    }

private:
    /// A header, the number of its line and the level of the line.
    struct Declared {
        Header header;
        std::size_t line{0};
        std::size_t depth{0};
    };

    Result<json> document()
    {
        const auto* first = in_.peek();
        if (!first) return json::object();
        if (first->depth != 0) return too_deep_at(*first, 0);
        TAILOPS_TRY(const auto line, in_.take());
        if (line.content == "[]") return whole(json::array());
        if (line.content.starts_with('[')) {
            TAILOPS_TRY(auto header, in_.header_of(line));
            if (header) {
                TAILOPS_TRY(auto value, declared({*std::move(header), line.number, 0}));
                return whole(std::move(value));
            }
        }
        if (!has_colon(line.content) && !in_.peek())
            return in_.primitive(line.content, line.number);
        return object(line, 0);
    }

    /// `value`, if nothing follows it.
    Result<json> whole(json value)
    {
        const auto* next = in_.peek();
        if (!next) return value;
        return fail_at(next->number,
                       "the array that is the document ended before; remove what follows");
    }

    /// The fields at `depth`, of which `first` has been taken.
    Result<json> object(const Line& first, std::size_t depth)
    {
        const auto nesting = in_.enter();
        TAILOPS_CHECK(in_.check_depth(first.number));
        TAILOPS_CHECK(in_.pay_container(first.number));
        auto object = json::object();
        Names names;
        TAILOPS_CHECK(field(object, names, first, depth));
        while (const auto* next = in_.peek()) {
            if (next->depth < depth) break;
            if (next->depth > depth) return too_deep_at(*next, depth);
            TAILOPS_TRY(const auto line, in_.take());
            TAILOPS_CHECK(field(object, names, line, depth));
        }
        return object;
    }

    Status field(json& object, Names& names, const Line& line, std::size_t depth)
    {
        TAILOPS_TRY(auto header, in_.header_of(line));
        if (header && !header->key && !in_.takes_headers_for_names()) {
            return fail_at(line.number, "a header without a name inside an object; name it");
        }
        const bool is_declared = header && header->key;
        Key key;
        std::string_view rest;
        if (is_declared) {
            key = *header->key;
        } else {
            TAILOPS_TRY(key, in_.key_of(line, rest));
        }
        const auto path = in_.enter_path(key);
        TAILOPS_CHECK(in_.check_depth(line.number));
        TAILOPS_CHECK(in_.add_name(names, key, line.number));
        TAILOPS_CHECK(in_.pay_member(key, line.number));
        TAILOPS_TRY(auto value, is_declared ? declared({*std::move(header), line.number, depth})
                                            : value_of(rest, line.number, depth));
        return in_.put(object, key, std::move(value), line.number);
    }

    /// What a field without a header is: the token after its colon, or the fields below it.
    Result<json> value_of(std::string_view token, std::size_t line, std::size_t depth)
    {
        if (token == "[]") return empty(json::array(), line);
        if (!token.empty()) return in_.primitive(token, line);
        TAILOPS_TRY(const auto inner_depth, in_.content_depth(depth));
        const auto* next = in_.peek();
        if (!next || next->depth <= depth) return empty(json::object(), line);
        TAILOPS_TRY(const auto first, in_.take());
        return object(first, inner_depth);
    }

    Result<json> empty(json container, std::size_t line)
    {
        TAILOPS_CHECK(in_.check_depth(line, 1));
        TAILOPS_CHECK(in_.pay_container(line));
        return container;
    }

    /// What the values on a header are, or the lines below it.
    Result<json> declared(const Declared& declared)
    {
        const auto& header = declared.header;
        const auto nesting = in_.enter();
        TAILOPS_CHECK(in_.check_depth(declared.line, header.levels));
        TAILOPS_CHECK(in_.pay_container(declared.line));
        if (!header.repeated.empty() && in_.options().strictness == ToonStrictness::strict) {
            return fail_at(declared.line, "the field " + quote(header.repeated) +
                                              " stands twice in the header; keep one of them");
        }
        if (header.form == Header::Form::table) return table(declared);
        if (header.form == Header::Form::keyed_table) return keyed_table(declared);
        return header.values.empty() ? list(declared) : inline_values(declared);
    }

    Result<json> inline_values(const Declared& declared)
    {
        std::vector<std::string_view> cells;
        split_cells(declared.header.values, declared.header.delimiter, cells);
        auto array = json::array();
        for (const auto cell : cells) {
            TAILOPS_TRY(auto value, in_.primitive(cell, declared.line));
            TAILOPS_CHECK(in_.push(array, std::move(value), declared.line));
        }
        TAILOPS_CHECK(check_count(array.size(), declared, "values"));
        return array;
    }

    /// The next line of what was declared, whose lines are at `depth`; none when it has ended.
    Result<std::optional<Line>> next_below(const Declared& declared, std::size_t depth)
    {
        const auto* next = in_.peek();
        if (!next || next->depth <= declared.depth) return std::nullopt;
        if (next->depth != depth) return too_deep_at(*next, depth);
        return in_.take();
    }

    Result<json> list(const Declared& declared)
    {
        TAILOPS_TRY(const auto depth, in_.content_depth(declared.depth));
        auto array = json::array();
        auto span = in_.open_span();
        while (true) {
            TAILOPS_TRY(const auto line, next_below(declared, depth));
            if (!line) break;
            span.raise();
            TAILOPS_TRY(auto value, list_item(*line));
            TAILOPS_CHECK(in_.push(array, std::move(value), line->number));
        }
        TAILOPS_CHECK(check_count(array.size(), declared, "items"));
        return array;
    }

    Result<json> list_item(Line line)
    {
        if (line.content != "-" && !line.content.starts_with("- ")) {
            return fail_at(line.number,
                           "no item of the list above; begin it with \"- \" or indent it less");
        }
        line.content = trim_spaces(line.content.substr(1));
        if (line.content.empty()) return empty(json::object(), line.number);
        if (line.content == "[]") return empty(json::array(), line.number);
        if (line.content.starts_with('[')) {
            TAILOPS_TRY(auto header, in_.header_of(line));
            if (header && header->form == Header::Form::list) {
                return declared({*std::move(header), line.number, line.depth});
            }
            if (header && !in_.takes_headers_for_names()) {
                return fail_at(line.number,
                               "a table without a name inside a list; write its rows as items");
            }
        }
        if (!has_colon(line.content)) return in_.primitive(line.content, line.number);
        return object(line, line.depth + 1);
    }

    Result<json> table(const Declared& declared)
    {
        const auto& header = declared.header;
        TAILOPS_TRY(const auto depth, in_.content_depth(declared.depth));
        auto array = json::array();
        auto span = in_.open_span();
        while (true) {
            TAILOPS_TRY(const auto line, next_below(declared, depth));
            if (!line) break;
            span.raise();
            if (!is_row(line->content, header.delimiter)) {
                return fail_at(
                    line->number,
                    "no row of the table above; quote a cell with a colon, or indent a field less");
            }
            TAILOPS_TRY(auto value, row(header, line->content, line->number));
            TAILOPS_CHECK(in_.push(array, std::move(value), line->number));
        }
        TAILOPS_CHECK(check_count(array.size(), declared, "rows"));
        return array;
    }

    Result<json> keyed_table(const Declared& declared)
    {
        TAILOPS_TRY(const auto depth, in_.content_depth(declared.depth));
        auto object = json::object();
        Names names;
        std::size_t entries = 0;
        auto span = in_.open_span();
        for (;; ++entries) {
            TAILOPS_TRY(const auto line, next_below(declared, depth));
            if (!line) break;
            span.raise();
            std::string_view rest;
            TAILOPS_TRY(const auto key, in_.key_of(*line, rest));
            const auto path = in_.enter_path(key);
            TAILOPS_CHECK(in_.add_name(names, key, line->number));
            TAILOPS_CHECK(in_.pay_member(key, line->number));
            TAILOPS_TRY(auto value, row(declared.header, rest, line->number));
            TAILOPS_CHECK(in_.put(object, key, std::move(value), line->number));
        }
        TAILOPS_CHECK(check_count(entries, declared, "entries"));
        return object;
    }

    /// One row of a table.
    Result<json> row(const Header& header, std::string_view text, std::size_t line)
    {
        split_cells(text, header.delimiter, cells_);
        if (cells_.size() != header.cells) {
            return fail_at(line, "the row has " + std::to_string(cells_.size()) +
                                     " cells, the header names " + std::to_string(header.cells) +
                                     " fields; write one for each, \"\" for an empty one");
        }
        std::size_t cell = 0;
        return group(header.columns, cell, line);
    }

    /// The object of `columns`, whose cells begin with `cell` and come in their order.
    Result<json> group(const std::vector<Column>& columns, std::size_t& cell, std::size_t line)
    {
        const auto nesting = in_.enter();
        TAILOPS_CHECK(in_.pay_container(line));
        auto object = json::object();
        for (const auto& column : columns) {
            const auto path = in_.enter_path(column.key);
            TAILOPS_CHECK(in_.check_depth(line));
            TAILOPS_CHECK(in_.pay_member(column.key, line));
            TAILOPS_TRY(auto value, column.group.empty() ? in_.primitive(cells_[cell++], line)
                                                         : group(column.group, cell, line));
            TAILOPS_CHECK(in_.put(object, column.key, std::move(value), line));
        }
        return object;
    }

    Status check_count(std::size_t count, const Declared& declared, std::string_view what) const
    {
        if (in_.options().strictness == ToonStrictness::lenient || count == declared.header.count) {
            return {};
        }
        return fail_at(declared.line, "the header does not count the " + std::to_string(count) +
                                          ' ' + std::string{what} + " it has; write [" +
                                          std::to_string(count) + "] or complete them");
    }

    Input in_;
    std::vector<std::string_view> cells_;  ///< Of the row read last, kept for its memory.
};

}  // namespace
}  // namespace toon

Result<nlohmann::json> parse_toon(std::string_view text, const ToonDecodeOptions& options)
{
    if (text.size() > options.text_bytes_max) {
        return fail(Errc::invalid_argument, "the text is longer than " +
                                                std::to_string(options.text_bytes_max) +
                                                " bytes; send less at once");
    }
    return toon::Decoder{text, options}.decode();
}

}  // namespace tailops
