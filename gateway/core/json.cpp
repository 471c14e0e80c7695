#include "gateway/core/json.hpp"

#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops {
namespace {

using nlohmann::json;

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
