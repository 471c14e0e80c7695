#pragma once

#include "gateway/tools/tool.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tailops::tools {

/// Readers of arguments that the schema has already accepted: an absent one has its default.
std::string text_or(const nlohmann::json& arguments,
                    std::string_view name,
                    std::string_view absent);
std::int64_t integer_or(const nlohmann::json& arguments,
                        std::string_view name,
                        std::int64_t absent);
bool boolean_or(const nlohmann::json& arguments, std::string_view name, bool absent);

/// What every tool about a target that could not do its work answers with: a result, not an Error,
/// because the target did answer.
nlohmann::json failure(std::string error);

/// A reader that makes JSON, as one that makes content.
template <class Reader>
auto as_content(Reader read)
{
    return [read = std::move(read)](const auto& from, auto&... more) -> Result<Content> {
        auto made = read(from, more...);
        if (!made) return fail(std::move(made).error());
        return std::make_shared<typename decltype(made)::value_type>(*std::move(made));
    };
}

}  // namespace tailops::tools
