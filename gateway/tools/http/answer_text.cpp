#include "gateway/tools/http/answer_text.hpp"

#include "gateway/core/text.hpp"

#include <string_view>

namespace tailops::tools {
namespace {

using targets::ExecutionResult;

/// The content type without its parameters, and its charset.
struct MediaType {
    std::string name;
    std::string charset;
};

MediaType media_type_of(std::string_view text)
{
    const auto lower = lower_ascii(text);
    const auto parts = split(lower, ';');
    MediaType out{.name = std::string{trim(parts.front())}, .charset = {}};
    constexpr std::string_view name = "charset=";
    for (const auto part : parts) {
        auto value = trim(part);
        if (!value.starts_with(name)) continue;
        value.remove_prefix(name.size());
        if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
        out.charset = value;
    }
    return out;
}

/// Whether a server that says so means text, whatever single bytes of it are.
bool is_textual(const MediaType& type)
{
    return type.name.starts_with("text/") || type.name.ends_with("json") ||
           type.name.ends_with("xml") || type.name.ends_with("yaml") ||
           type.name.ends_with("javascript");
}

/// The bytes of ISO 8859-1 are the first 256 characters of Unicode.
std::string from_latin1(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | (byte >> 6));
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

/// How the body is compressed, if it is.
std::string_view compression_of(const ExecutionResult& result)
{
    for (const auto& [name, value] : result.headers) {
        if (name == "content-encoding" && value != "identity") return value;
    }
    return {};
}

/// The output up to a character at its end that the limit cut in two.
std::string_view whole_characters(const ExecutionResult& result)
{
    std::string_view text = result.output;
    // Three bytes are the most that can be left of one.
    for (int cut = 0; result.truncated && cut < 3 && !is_valid_utf8(text); ++cut) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

std::optional<ExecutionResult> answer_as_text(const ExecutionResult& result)
{
    const bool is_binary = result.output.find('\0') != std::string::npos;
    const auto text = whole_characters(result);
    if (!is_binary && is_valid_utf8(text)) {
        auto out = result;
        if (result.output_tail.empty()) out.output.resize(text.size());
        return out;
    }
    const auto type = media_type_of(result.content_type);
    if (!is_textual(type) || is_binary || !compression_of(result).empty()) return std::nullopt;
    const bool is_latin1 =
        type.charset == "iso-8859-1" || type.charset == "latin1" || type.charset == "windows-1252";
    const auto repair = is_latin1 ? from_latin1 : repair_utf8;
    auto out = result;
    out.output = repair(result.output);
    out.output_tail = repair(result.output_tail);
    return out;
}

std::string why_no_text(const ExecutionResult& result)
{
    const auto bytes = std::to_string(result.output_bytes);
    const auto compression = compression_of(result);
    if (compression.empty()) return "the answer is no text; " + bytes + " bytes are not shown";
    return "the answer is compressed (" + std::string{compression} +
           "), which was not asked for; " + bytes + " bytes are not shown";
}

}  // namespace tailops::tools
