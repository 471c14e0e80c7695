#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops {

/// A JSON value that several hold, or a part of a message, which it keeps alive.
using JsonPart = std::shared_ptr<const nlohmann::json>;

/// Parses one JSON text, never throwing. Nesting deeper than `max_depth`, invalid UTF-8, trailing
/// bytes and duplicate names at one level are errors (RFC 8259; RFC 7493 section 2.3).
/// Errors: invalid_argument, naming the byte.
Result<nlohmann::json> parse_json(std::string_view text, int max_depth = 64);

/// `value` on one line. Invalid UTF-8 in strings is replaced, so this never throws.
std::string dump_json(const nlohmann::json& value);

/// The member `name` of object `object` as a T: std::string, std::int64_t, double, bool,
/// nlohmann::json (anything) or std::vector<std::string>. Errors: invalid_argument, naming the
/// member, when `object` is no object, the member is missing or of another type.
template <class T>
Result<T> field(const nlohmann::json& object, std::string_view name);

/// As `field`, but a missing or null member is an empty optional.
template <class T>
Result<std::optional<T>> optional_field(const nlohmann::json& object, std::string_view name);

/// The member `name`, or null when `object` is no object or lacks it.
const nlohmann::json* find_member(const nlohmann::json& object, std::string_view name);

/// The string member `name`, or empty: for reading where any absence means "not said".
std::string_view text_member(const nlohmann::json& object, std::string_view name);

}  // namespace tailops
