#include "gateway/core/json.hpp"

#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace tailops {
namespace {

using nlohmann::json;

/// Builds a json as nlohmann's own parser does, but refuses depth and duplicate names on the way.
class StrictBuilder : public nlohmann::detail::json_sax_dom_parser<json> {
    using Base = nlohmann::detail::json_sax_dom_parser<json>;

public:
    StrictBuilder(json& out, int max_depth) : Base{out, false}, max_depth_{max_depth} {}

    bool start_object(std::size_t elements)
    {
        if (!enter()) return false;
        names_.emplace_back();
        return Base::start_object(elements);
    }
    bool end_object()
    {
        names_.pop_back();
        --depth_;
        return Base::end_object();
    }
    bool start_array(std::size_t elements) { return enter() && Base::start_array(elements); }
    bool end_array()
    {
        --depth_;
        return Base::end_array();
    }
    bool key(json::string_t& name)
    {
        auto& names = names_.back();
        // Objects on the wire are small; a linear look beats a tree for them.
        if (names.size() < 16 ? std::ranges::find(names, name) != names.end()
                              : is_duplicate_in_large(name)) {
            problem_ = "the name " + quote(name) + " stands twice in one object";
            return false;
        }
        names.push_back(name);
        return Base::key(name);
    }
    bool parse_error(std::size_t position, const std::string&, const json::exception&)
    {
        problem_ = "not valid JSON at byte " + std::to_string(position);
        return false;
    }

    const std::string& problem() const { return problem_; }

private:
    bool enter()
    {
        if (++depth_ <= max_depth_) return true;
        problem_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
        return false;
    }
    bool is_duplicate_in_large(const std::string& name)
    {
        const auto& names = names_.back();
        if (large_.size() != names.size() || large_level_ != names_.size()) {
            large_ = {names.begin(), names.end()};
            large_level_ = names_.size();
        }
        return !large_.insert(name).second;
    }

    int depth_{0};
    int max_depth_;
    std::vector<std::vector<std::string>> names_;
    std::set<std::string> large_;
    std::size_t large_level_{0};
    std::string problem_;
};

template <class T>
struct Kind;
template <>
struct Kind<std::string> {
    static constexpr auto* name = "a string";
    static bool is(const json& j) { return j.is_string(); }
};
template <>
struct Kind<bool> {
    static constexpr auto* name = "true or false";
    static bool is(const json& j) { return j.is_boolean(); }
};
template <>
struct Kind<std::int64_t> {
    static constexpr auto* name = "a whole number";
    static bool is(const json& j)
    {
        if (j.is_number_unsigned()) return j.get_ref<const json::number_unsigned_t&>() <= INT64_MAX;
        return j.is_number_integer();
    }
};
template <>
struct Kind<double> {
    static constexpr auto* name = "a number";
    static bool is(const json& j) { return j.is_number(); }
};
template <>
struct Kind<json> {
    static constexpr auto* name = "a value";
    static bool is(const json&) { return true; }
};
template <>
struct Kind<std::vector<std::string>> {
    static constexpr auto* name = "a list of strings";
    static bool is(const json& j)
    {
        return j.is_array() && std::ranges::all_of(j, [](const auto& e) { return e.is_string(); });
    }
};

}  // namespace

Result<json> parse_json(std::string_view text, int max_depth)
{
    json value;
    StrictBuilder builder{value, max_depth};
    if (json::sax_parse(text.begin(), text.end(), &builder)) return value;
    return fail(Errc::invalid_argument,
                builder.problem().empty() ? "not valid JSON" : builder.problem());
}

std::string dump_json(const json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* find_member(const json& object, std::string_view name)
{
    if (!object.is_object()) return nullptr;
    const auto at = object.find(name);
    return at == object.end() ? nullptr : &*at;
}

std::string_view text_member(const json& object, std::string_view name)
{
    const auto* member = find_member(object, name);
    return member && member->is_string() ? std::string_view{member->get_ref<const std::string&>()}
                                         : std::string_view{};
}

template <class T>
Result<std::optional<T>> optional_field(const json& object, std::string_view name)
{
    const auto* member = find_member(object, name);
    if (!member || member->is_null()) return std::optional<T>{};
    if (!Kind<T>::is(*member)) {
        return fail(Errc::invalid_argument, quote(name) + " must be " + Kind<T>::name);
    }
    return std::optional<T>{member->template get<T>()};
}

template <class T>
Result<T> field(const json& object, std::string_view name)
{
    auto value = optional_field<T>(object, name);
    if (!value) return fail(std::move(value).error());
    if (!*value) return fail(Errc::invalid_argument, quote(name) + " is missing");
    return std::move(**value);
}

#define TAILOPS_FIELD_OF(...)                                                            \
    template Result<__VA_ARGS__> field<__VA_ARGS__>(const json&, std::string_view);      \
    template Result<std::optional<__VA_ARGS__>> optional_field<__VA_ARGS__>(const json&, \
                                                                            std::string_view)
TAILOPS_FIELD_OF(std::string);
TAILOPS_FIELD_OF(bool);
TAILOPS_FIELD_OF(std::int64_t);
TAILOPS_FIELD_OF(double);
TAILOPS_FIELD_OF(json);
TAILOPS_FIELD_OF(std::vector<std::string>);
#undef TAILOPS_FIELD_OF

}  // namespace tailops
