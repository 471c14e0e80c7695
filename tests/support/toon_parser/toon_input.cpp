#include "tests/support/toon_parser/toon_input.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace tailops::toon {
namespace {

using nlohmann::json;

// What one more value costs at most: in an array that doubles as it grows; as a node of the tree of
// an object, without its name; an array or object itself.
constexpr std::size_t element_bytes = 2 * sizeof(json);
constexpr std::size_t member_bytes = 128;
constexpr std::size_t container_bytes = 64;

}  // namespace

std::unexpected<Error> fail_at(std::size_t line, const Error& error)
{
    return fail_at(line, error.public_message());
}

std::unexpected<Error> too_deep_at(const Line& line, std::size_t depth)
{
    return fail_at(line.number, "indented to level " + std::to_string(line.depth) +
                                    " where nothing opens it; indent it to level " +
                                    std::to_string(depth));
}

Input::Input(std::string_view text, const ToonDecodeOptions& options)
    : options_{options},
      lines_{text, options},
      bytes_left_{options.value_bytes_max}
{
}

Result<Line> Input::take()
{
    const auto line = lines_.take();
    if (line.blank_before != 0 && open_spans_ > 0 &&
        options_.strictness == ToonStrictness::strict) {
        return fail_at(line.blank_before, "a blank line inside an array; remove it");
    }
    return line;
}

Result<std::size_t> Input::content_depth(std::size_t depth)
{
    const auto* first = peek();
    if (!first || first->depth <= depth + 1) return depth + 1;
    if (options_.strictness == ToonStrictness::strict) return too_deep_at(*first, depth + 1);
    return first->depth;
}

bool Input::takes_headers_for_names() const noexcept
{
    return options_.version == ToonVersion::v3 && options_.strictness == ToonStrictness::lenient;
}

Result<std::optional<Header>> Input::header_of(const Line& line) const
{
    auto header = parse_header(line.content, options_.version, options_.depth_max);
    if (header) return header;
    if (takes_headers_for_names()) return std::nullopt;
    return fail_at(line.number, header.error());
}

Result<Key> Input::key_of(const Line& line, std::string_view& rest) const
{
    const auto content = line.content;
    auto colon = std::string_view::npos;
    if (content.starts_with('"')) {
        const auto closing = find_closing_quote(content, 0);
        if (closing == std::string_view::npos) {
            return fail_at(line.number, "the name has no closing quote; write it");
        }
        colon = content.find_first_not_of(' ', closing + 1);
        if (colon != std::string_view::npos && content[colon] != ':')
            colon = std::string_view::npos;
    } else {
        colon = find_unquoted(content, ':');
    }
    if (colon == std::string_view::npos) {
        return fail_at(line.number, "no colon after the name in " + quote(content) +
                                        "; write name: value, or quote what holds a colon");
    }
    rest = trim_spaces(content.substr(colon + 1));
    auto key = parse_key(trim_spaces(content.substr(0, colon)));
    if (!key) return fail_at(line.number, key.error());
    return key;
}

Result<json> Input::primitive(std::string_view token, std::size_t line)
{
    auto value = parse_primitive(token);
    if (!value) return fail_at(line, value.error());
    if (value->is_string()) {
        TAILOPS_CHECK(pay(token.size(), line));
    }
    return value;
}

Raised Input::enter_path(const Key& key)
{
    return {depth_, path_length(key, options_.path_expansion) - 1};
}

Status Input::check_depth(std::size_t line, std::size_t more) const
{
    if (depth_ + more <= options_.depth_max) return {};
    return fail_at(line, "nested deeper than " + std::to_string(options_.depth_max) +
                             " levels; flatten the value");
}

Status Input::pay_container(std::size_t line)
{
    return pay(container_bytes, line);
}

Status Input::pay_member(const Key& key, std::size_t line)
{
    const auto segments = path_length(key, options_.path_expansion);
    return pay(segments * (member_bytes + container_bytes) + key.name.size(), line);
}

Status Input::pay(std::size_t bytes, std::size_t line)
{
    if (bytes > bytes_left_) {
        return fail_at(line, "the value takes more than " +
                                 std::to_string(options_.value_bytes_max) +
                                 " bytes of memory; send less at once");
    }
    bytes_left_ -= bytes;
    return {};
}

Status Input::push(json& array, json value, std::size_t line)
{
    TAILOPS_CHECK(pay(element_bytes, line));
    array.get_ref<json::array_t&>().push_back(std::move(value));
    return {};
}

Status Input::put(json& object, const Key& key, json value, std::size_t line) const
{
    auto done = toon::put(object, key, std::move(value), options_);
    if (!done) return fail_at(line, done.error());
    return done;
}

Status Input::add_name(Names& names, const Key& key, std::size_t line) const
{
    auto added = names.add(key, options_);
    if (!added) return fail_at(line, added.error());
    return added;
}

}  // namespace tailops::toon
