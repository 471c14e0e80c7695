#include "gateway/core/toon.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/toon_literal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace tailops {
namespace {

/// A column of a table, or a group of columns for an object in every row.
struct Field {
    std::string_view name;  ///< Lives as long as the value that is encoded.
    std::vector<Field> group;
};

/// Finds the members of one row, which mostly come in the order in which they are asked for.
template <class Json>
class Row {
public:
    explicit Row(const Json& row) : row_{row}, next_{row.begin()} {}

    const Json* member(std::string_view name)
    {
        if (by_name_.empty()) {
            if (next_ != row_.end() && next_.key() == name) return &*next_++;
            for (auto at = row_.begin(); at != row_.end(); ++at)
                by_name_.emplace_back(at.key(), &*at);
            std::ranges::sort(by_name_, {}, &Member::first);
        }
        const auto at = std::ranges::lower_bound(by_name_, name, {}, &Member::first);
        return at != by_name_.end() && at->first == name ? at->second : nullptr;
    }

private:
    using Member = std::pair<std::string_view, const Json*>;

    const Json& row_;
    typename Json::const_iterator next_;
    std::vector<Member> by_name_;  ///< Empty until a row has another order than the first.
};

template <class Json>
bool is_filled_object(const Json& value)
{
    return value.is_object() && !value.empty();
}

template <class Json>
class Encoder {
public:
    explicit Encoder(const ToonOptions& options)
        : options_{options},
          indent_{std::max<std::size_t>(options.indent_size, 1)},
          delimiter_{static_cast<char>(options.delimiter)}
    {
    }

    std::string encode(const Json& root) &&
    {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (root.is_array()) {
            root.empty() ? void(out_ += "[]") : array(root, 0);
        } else if (root.is_object()) {
            if (!keyed_table(root, 0)) fields(root, 0, options_.flatten_depth);
        } else if (root.is_string() && text_of(root).starts_with(byte_order_mark)) {
            // Else a reader would take the mark for one of the document.
            toon::append_quoted(out_, text_of(root));
        } else {
            primitive(root);
        }
        return is_valid_utf8(out_) ? std::move(out_) : repair_utf8(out_);
    }

private:
    using Names = std::set<std::string_view>;
    struct Chain {
        std::string name;
        std::size_t segments{0};  ///< Less than two when nothing is folded.
        const Json* value{nullptr};
    };

    static const std::string& text_of(const Json& value)
    {
        return value.template get_ref<const std::string&>();
    }

    void begin_line(std::size_t depth)
    {
        // The first field of a list item stands on the line of its hyphen (section 10).
        if (std::exchange(hyphen_is_open_, false)) return;
        if (!out_.empty()) out_ += '\n';
        out_.append(depth * indent_, ' ');
    }

    void primitive(const Json& value)
    {
        switch (value.type()) {
        case Json::value_t::string: toon::append_string(out_, text_of(value), delimiter_); return;
        case Json::value_t::boolean: out_ += value.template get<bool>() ? "true" : "false"; return;
        case Json::value_t::number_integer:
            toon::append_number(out_, value.template get<std::int64_t>());
            return;
        case Json::value_t::number_unsigned:
            toon::append_number(out_, value.template get<std::uint64_t>());
            return;
        case Json::value_t::number_float:
            toon::append_number(out_, value.template get<double>());
            return;
        default: out_ += "null"; return;
        }
    }

    /// Writes the members of `object`, one after the other at `depth`; `flatten_depth` is how many
    /// names may still be folded into one.
    void fields(const Json& object, std::size_t depth, std::size_t flatten_depth)
    {
        const auto taken = dotted_names(object);
        for (auto at = object.begin(); at != object.end(); ++at) {
            begin_line(depth);
            const auto chain = fold(at.key(), *at, flatten_depth);
            if (chain.segments < 2) {
                toon::append_key(out_, at.key());
                value_of_field(*at, depth, flatten_depth);
            } else if (taken.contains(chain.name)) {
                // Nothing below is folded either: its path would be the name that is taken.
                toon::append_key(out_, at.key());
                value_of_field(*at, depth, 0);
            } else {
                out_ += chain.name;
                value_of_field(*chain.value, depth, flatten_depth - chain.segments);
            }
        }
    }

    void value_of_field(const Json& value, std::size_t depth, std::size_t flatten_depth)
    {
        if (value.is_array()) {
            value.empty() ? void(out_ += ": []") : array(value, depth);
        } else if (!value.is_object()) {
            out_ += ": ";
            primitive(value);
        } else if (!keyed_table(value, depth)) {
            out_ += ':';
            fields(value, depth + 1, flatten_depth);
        }
    }

    /// What `array` holds, from its header on; the name stands in the line already.
    void array(const Json& array, std::size_t depth)
    {
        if (!is_inline(array)) {
            if (const auto columns = columns_of(array)) {
                header(array.size(), "", &*columns);
                for (const auto& row : array) {
                    begin_line(depth + 1);
                    cells(*columns, row);
                }
                return;
            }
        }
        plain_array(array, depth);
    }

    /// As `array`, but never a table: what an array inside an array may be (section 9.4).
    void plain_array(const Json& array, std::size_t depth)
    {
        header(array.size(), "", nullptr);
        if (is_inline(array)) {
            char before = ' ';
            for (const auto& value : array) {
                out_ += std::exchange(before, delimiter_);
                primitive(value);
            }
            return;
        }
        for (const auto& item : array) list_item(item, depth + 1);
    }

    static bool is_inline(const Json& array)
    {
        return std::ranges::none_of(array, [](const Json& value) { return value.is_structured(); });
    }

    void list_item(const Json& item, std::size_t depth)
    {
        begin_line(depth);
        out_ += '-';
        if (item.is_object() && item.empty()) return;
        out_ += ' ';
        if (item.is_object()) {
            hyphen_is_open_ = true;
            fields(item, depth + 1, options_.flatten_depth);
        } else if (item.is_array()) {
            plain_array(item, depth);
        } else {
            primitive(item);
        }
    }

    /// Writes `object` as a table whose rows have names, if it is one (section 9.5).
    bool keyed_table(const Json& object, std::size_t depth)
    {
        if (options_.version == ToonVersion::v3 || object.size() < 2) return false;
        const auto columns = columns_of(object);
        if (!columns) return false;
        header(object.size(), ":", &*columns);
        for (auto at = object.begin(); at != object.end(); ++at) {
            begin_line(depth + 1);
            toon::append_key(out_, at.key());
            out_ += ": ";
            cells(*columns, *at);
        }
        return true;
    }

    void header(std::size_t count, std::string_view mark, const std::vector<Field>* columns)
    {
        ((out_ += '[') += std::to_string(count)) += mark;
        if (options_.delimiter != ToonDelimiter::comma) out_ += delimiter_;
        out_ += ']';
        if (columns) field_list(*columns);
        out_ += ':';
    }

    void field_list(const std::vector<Field>& columns)
    {
        char before = '{';
        for (const auto& column : columns) {
            out_ += std::exchange(before, delimiter_);
            toon::append_key(out_, column.name);
            if (!column.group.empty()) field_list(column.group);
        }
        out_ += '}';
    }

    void cells(const std::vector<Field>& columns, const Json& row)
    {
        Row<Json> members{row};
        for (const auto& column : columns) {
            if (&column != &columns.front()) out_ += delimiter_;
            const auto& value = *members.member(column.name);
            column.group.empty() ? primitive(value) : cells(column.group, value);
        }
    }

    /// The columns that all values of `rows`, an array or an object, share (section 9.3).
    std::optional<std::vector<Field>> columns_of(const Json& rows) const
    {
        auto columns = columns_of_first(*rows.begin());
        if (!columns) return std::nullopt;
        for (const auto& row : rows) {
            if (!has_columns(row, *columns)) return std::nullopt;
        }
        return columns;
    }

    std::optional<std::vector<Field>> columns_of_first(const Json& row) const
    {
        if (!is_filled_object(row)) return std::nullopt;
        std::vector<Field> columns;
        for (auto at = row.begin(); at != row.end(); ++at) {
            Field column{at.key(), {}};
            if (at->is_structured()) {
                if (options_.version == ToonVersion::v3) return std::nullopt;
                auto group = columns_of_first(*at);
                if (!group) return std::nullopt;
                column.group = *std::move(group);
            }
            columns.push_back(std::move(column));
        }
        return columns;
    }

    static bool has_columns(const Json& row, const std::vector<Field>& columns)
    {
        if (!row.is_object() || row.size() != columns.size()) return false;
        Row<Json> members{row};
        return std::ranges::all_of(columns, [&members](const Field& column) {
            const auto* value = members.member(column.name);
            if (!value) return false;
            return column.group.empty() ? !value->is_structured()
                                        : has_columns(*value, column.group);
        });
    }

    /// The names of `object` that a folded name could be equal to; none when nothing is folded.
    Names dotted_names(const Json& object) const
    {
        Names names;
        if (options_.key_folding == ToonKeyFolding::off) return names;
        for (auto at = object.begin(); at != object.end(); ++at) {
            if (at.key().contains('.')) names.insert(at.key());
        }
        return names;
    }

    /// `key` and the names below it as one name, when each object on the way has one member
    /// (specification 3.3, section 13.4).
    Chain fold(std::string_view key, const Json& value, std::size_t segments_max) const
    {
        if (options_.key_folding == ToonKeyFolding::off || !toon::is_identifier(key)) return {};
        Chain chain{std::string{key}, 1, &value};
        while (chain.segments < segments_max && chain.value->is_object() &&
               chain.value->size() == 1) {
            const auto only = chain.value->begin();
            if (!toon::is_identifier(only.key())) return {};
            (chain.name += '.') += only.key();
            chain.value = &*only;
            ++chain.segments;
        }
        return chain;
    }

    ToonOptions options_;
    std::size_t indent_;
    char delimiter_;
    bool hyphen_is_open_{false};
    std::string out_;
};

}  // namespace

std::string to_toon(const nlohmann::json& value, const ToonOptions& options)
{
    return Encoder<nlohmann::json>{options}.encode(value);
}

std::string to_toon(const nlohmann::ordered_json& value, const ToonOptions& options)
{
    return Encoder<nlohmann::ordered_json>{options}.encode(value);
}

}  // namespace tailops
