#include "tests/support/toon_parser/toon_object.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/toon_literal.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace tailops::toon {
namespace {

using nlohmann::json;

/// Puts `value` under `name`, into what is there if both are objects.
Status merge(json& object, std::string_view name, json value, ToonStrictness strictness)
{
    auto& members = object.get_ref<json::object_t&>();
    const auto [at, is_new] = members.try_emplace(std::string{name});
    auto& there = at->second;
    if (is_new) {
        there = std::move(value);
        return {};
    }
    if (there.is_object() && value.is_object()) {
        for (auto& [inner, member] : value.get_ref<json::object_t&>()) {
            TAILOPS_CHECK(merge(there, inner, std::move(member), strictness));
        }
        return {};
    }
    if (strictness == ToonStrictness::strict) {
        return fail(Errc::invalid_argument,
                    "the path to " + quote(name) +
                        " meets another value there; name one of them otherwise");
    }
    there = std::move(value);
    return {};
}

}  // namespace

std::size_t path_length(const Key& key, ToonPathExpansion expansion) noexcept
{
    if (expansion == ToonPathExpansion::off || key.spelling == Key::Spelling::quoted) return 1;
    std::size_t segments = 1;
    std::string_view rest = key.name;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
        if (!is_identifier(rest.substr(0, dot))) return 1;
        rest.remove_prefix(dot + 1);
        ++segments;
    }
    return is_identifier(rest) ? segments : 1;
}

Status put(json& object, const Key& key, json value, const ToonDecodeOptions& options)
{
    if (options.path_expansion == ToonPathExpansion::off) {
        object.get_ref<json::object_t&>().insert_or_assign(key.name, std::move(value));
        return {};
    }
    // From the inside out: a.b: 1 is the member a, which is {b: 1}.
    std::string_view path = key.name;
    for (auto segments = path_length(key, options.path_expansion); segments > 1; --segments) {
        const auto dot = path.rfind('.');
        auto inner = json::object();
        inner.get_ref<json::object_t&>().emplace(path.substr(dot + 1), std::move(value));
        value = std::move(inner);
        path = path.substr(0, dot);
    }
    return merge(object, path, std::move(value), options.strictness);
}

Status Names::add(const Key& key, const ToonDecodeOptions& options)
{
    if (options.strictness == ToonStrictness::lenient || seen_.insert(key.name).second) return {};
    return fail(Errc::invalid_argument,
                "the name " + quote(key.name) + " stands twice in one object; keep one of them");
}

}  // namespace tailops::toon
