#include "gateway/doors/mcp/wire/headers.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::mcp {
namespace {

constexpr std::string_view sentinel_prefix = "=?base64?";
constexpr std::string_view sentinel_suffix = "?=";

bool is_header_text(std::string_view value) noexcept
{
    return std::ranges::all_of(value, [](char c) { return (c >= 0x20 && c <= 0x7E) || c == '\t'; });
}

bool has_sentinel(std::string_view value) noexcept
{
    return value.size() >= sentinel_prefix.size() + sentinel_suffix.size() &&
           value.starts_with(sentinel_prefix) && value.ends_with(sentinel_suffix);
}

/// Whether the parameters of one Accept element say that the type is not acceptable.
bool has_zero_quality(std::string_view parameters)
{
    for (const auto parameter : split(parameters, ';')) {
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos) continue;
        if (!equal_ignoring_case(trim(parameter.substr(0, equals)), "q")) continue;
        const auto quality = trim(parameter.substr(equals + 1));
        return !quality.empty() && quality.find_first_not_of("0.") == std::string_view::npos;
    }
    return false;
}

/// What was said of one media type: by its own name, by `type/*`, by `*/*`. The nearest counts.
class Preference {
public:
    Preference(std::string_view name, std::string_view range) : names_{name, range, "*/*"} {}
    void hear(std::string_view media, bool acceptable)
    {
        for (std::size_t i = 0; i < 3; ++i) {
            if (equal_ignoring_case(media, names_[i])) said_[i] = acceptable;
        }
    }
    bool is_acceptable() const
    {
        for (const auto& said : said_) {
            if (said) return *said;
        }
        return false;
    }

private:
    std::string_view names_[3];
    std::optional<bool> said_[3];
};

}  // namespace

std::vector<std::string_view> Inbound::header(std::string_view name) const
{
    std::vector<std::string_view> values;
    for (const auto& [key, value] : headers) {
        if (equal_ignoring_case(key, name)) values.emplace_back(value);
    }
    return values;
}

SingleHeader single_header(const http::Headers& headers, std::string_view name)
{
    using State = SingleHeader::State;
    SingleHeader found;
    for (const auto& [key, raw] : headers) {
        if (!equal_ignoring_case(key, name)) continue;
        const auto value = trim(raw);
        if (!is_header_text(value)) return {State::not_text, {}};
        if (found.state == State::present && found.value != value) return {State::conflicting, {}};
        found = {State::present, value};
    }
    return found;
}

Result<std::string> decode_header_value(std::string_view value)
{
    if (!is_header_text(value)) {
        return fail(Errc::invalid_argument, "it holds bytes that a header may not hold");
    }
    if (!has_sentinel(value)) return std::string{value};
    value.remove_prefix(sentinel_prefix.size());
    value.remove_suffix(sentinel_suffix.size());
    auto decoded = from_base64(value);
    if (!decoded) return fail(Errc::invalid_argument, "it is not canonical base64");
    if (!is_valid_utf8(*decoded)) return fail(Errc::invalid_argument, "it does not hold UTF-8");
    return decoded;
}

bool is_plain_header_value(std::string_view value) noexcept
{
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    if (value.empty()) return true;
    return is_header_text(value) && !is_blank(value.front()) && !is_blank(value.back()) &&
           !has_sentinel(value);
}

std::string encode_header_value(std::string_view value)
{
    if (is_plain_header_value(value)) return std::string{value};
    return std::string{sentinel_prefix} + to_base64(value) + std::string{sentinel_suffix};
}

Accepts accepts(const http::Headers& headers)
{
    Preference json{"application/json", "application/*"};
    Preference events{"text/event-stream", "text/*"};
    bool said = false;
    for (const auto& [key, value] : headers) {
        if (!equal_ignoring_case(key, "accept")) continue;
        for (const auto element : split(value, ',')) {
            const auto end = element.find(';');
            const auto media = trim(element.substr(0, end));
            if (media.empty()) continue;
            said = true;
            const bool acceptable =
                end == std::string_view::npos || !has_zero_quality(element.substr(end + 1));
            json.hear(media, acceptable);
            events.hear(media, acceptable);
        }
    }
    if (!said) return {};
    return {json.is_acceptable(), events.is_acceptable()};
}

bool is_json_content(const http::Headers& headers)
{
    const auto type = single_header(headers, "content-type");
    if (type.state != SingleHeader::State::present) return false;
    return equal_ignoring_case(trim(type.value.substr(0, type.value.find(';'))),
                               "application/json");
}

}  // namespace tailops::mcp
