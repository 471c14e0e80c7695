#pragma once

#include "gateway/core/error.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"
#include "tests/support/toon_parser/toon_token.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace tailops::toon {

/// How many objects `key` stands for: one more than the dots it is split at, which is 1 for a name
/// that stays as it is.
std::size_t path_length(const Key& key, ToonPathExpansion expansion) noexcept;

/// Puts `value` under `key` into `object`. With ToonPathExpansion::safe a plain dotted name is a
/// path, and objects under one name become one object (specification 3.3, section 13.4). Errors:
/// invalid_argument, without the line, when something else is there; lenient replaces it.
Status put(nlohmann::json& object,
           const Key& key,
           nlohmann::json value,
           const ToonDecodeOptions& options);

/// The names seen in one object, of which none may come twice in strict mode (section 14.3).
class Names {
public:
    /// Errors: invalid_argument, without the line.
    Status add(const Key& key, const ToonDecodeOptions& options);

private:
    std::set<std::string, std::less<>> seen_;
};

}  // namespace tailops::toon
