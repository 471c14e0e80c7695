// Any bytes that a machine may print: what comes out is valid, holds nothing that acts or hides, is
// bounded in size, and does not change when it is made safe again.

#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

// The longest mark, <U+E0001>, stands for four bytes; a picture of three bytes for one.
constexpr std::size_t growth_max = 4;

void require(bool holds)
{
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace tailops;
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    const auto safe = safe_text(text);
    require(is_valid_utf8(safe));
    require(is_safe_text(safe));
    require(safe_text(safe) == safe);
    require(safe.size() <= text.size() * growth_max);
    require(safe.find_first_of("\x1B\r\b\x7F") == safe.npos);
    const auto unchanged = safe_prefix(text);
    require(safe_text(text.substr(0, unchanged)) == text.substr(0, unchanged));
    require(is_safe_text(text) == (safe == text));

    nlohmann::json value{{"text", text}, {std::string{text}, nlohmann::json::array({text})}};
    make_safe(value);
    require(value.at("text") == safe || safe == "text");
    return 0;
}
