#include "gateway/core/safe_text.hpp"

#include "gateway/core/eight_bytes.hpp"
#include "gateway/core/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace tailops {
namespace {

constexpr char escape = '\x1B';

/// First and last character of a range.
struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

// What has no glyph of its own and changes how others read: the default ignorable code points and
// the bidirectional controls (Unicode 15, DerivedCoreProperties and UAX #9), line separators, the
// C1 controls. Sorted. Variation selectors are judged by what stands before them.
constexpr std::array hidden = {
    Range{0x0080, 0x009F},    // C1
    Range{0x00AD, 0x00AD},    // soft hyphen
    Range{0x034F, 0x034F},    // combining grapheme joiner
    Range{0x061C, 0x061C},    // Arabic letter mark
    Range{0x115F, 0x1160},    // Hangul fillers
    Range{0x17B4, 0x17B5},    // Khmer inherent vowels
    Range{0x180B, 0x180F},    // Mongolian variation selectors, vowel separator
    Range{0x200B, 0x200F},    // zero width, direction marks
    Range{0x2028, 0x202E},    // separators, bidirectional embeddings and overrides
    Range{0x2060, 0x206F},    // word joiner, invisible operators, isolates, deprecated controls
    Range{0x3164, 0x3164},    // Hangul filler
    Range{0xFE00, 0xFE0F},    // variation selectors
    Range{0xFEFF, 0xFEFF},    // byte order mark, zero width no-break space
    Range{0xFFA0, 0xFFA0},    // halfwidth Hangul filler
    Range{0xFFF0, 0xFFFB},    // unassigned, interlinear annotations
    Range{0x1BCA0, 0x1BCA3},  // shorthand format controls
    Range{0x1D173, 0x1D17A},  // musical format controls
    Range{0xE0000, 0xE0FFF},  // tags, variation selectors supplement
};

bool is_hidden(std::uint32_t character) noexcept
{
    const auto at = std::ranges::lower_bound(hidden, character, {}, &Range::last);
    return at != hidden.end() && character >= at->first;
}

/// Text and emoji presentation: the two variation selectors that everyday text has.
bool is_presentation(std::uint32_t character) noexcept
{
    return character == 0xFE0E || character == 0xFE0F;
}

/// Whether a presentation selector after `before` selects something: a symbol, or the digit of a
/// keycap. After a letter it only carries what nobody sees.
bool can_be_presented(std::uint32_t before) noexcept
{
    if (before < 0x80) return before == '#' || before == '*' || (before >= '0' && before <= '9');
    return before == 0xA9 || before == 0xAE || before >= 0x2000;
}

bool is_plain(char byte) noexcept
{
    return (byte >= 0x20 && byte < 0x7F) || byte == '\n' || byte == '\t';
}

/// How many bytes at the front of `text` are plain ASCII.
std::size_t plain_prefix(std::string_view text) noexcept
{
    std::size_t at = 0;
    while (text.size() - at >= EightBytes::size) {
        const EightBytes word{text.data() + at};
        const auto special = word.not_ascii() | word.controls() | word.equal_to(0x7F);
        if (!special) {
            at += EightBytes::size;
            continue;
        }
        at += EightBytes::first(special);
        if (!is_plain(text[at])) return at;
        ++at;  // a line feed or a tab
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

/// The introducer of an escape sequence as its 7-bit letter: '[' for both ESC [ and U+009B.
struct Introducer {
    char letter;
    std::size_t bytes;
};

std::optional<Introducer> introducer(std::string_view text) noexcept
{
    if (text.size() >= 2 && text[0] == escape) return Introducer{text[1], 2};
    // C1 as UTF-8 has it: 0xC2 and the control itself, which stands for ESC and 0x40 less.
    const bool is_c1 = text.size() >= 2 && text[0] == '\xC2' &&
                       static_cast<unsigned char>(text[1]) >= 0x80 &&
                       static_cast<unsigned char>(text[1]) < 0xA0;
    if (is_c1) return Introducer{static_cast<char>((text[1] & 0x7F) | 0x40), 2};
    return std::nullopt;
}

/// The length of a control string from `at` on, its terminator included, or 0 when it does not end:
/// BEL or ST ends it, any other control says that it was none.
std::size_t control_string(std::string_view text, std::size_t at) noexcept
{
    for (; at < text.size(); ++at) {
        const char byte = text[at];
        if (byte == '\a') return at + 1;
        const auto rest = text.substr(at, 2);
        if (rest == "\x1B\\" || rest == "\xC2\x9C") return at + 2;
        const auto value = static_cast<unsigned char>(byte);
        if ((value < 0x20 && byte != '\t') || value == 0x7F) return 0;
        if (const auto begun = introducer(rest); begun && byte != escape) return 0;
    }
    return 0;
}

/// The length of a sequence's parameters, intermediates and final byte from `at` on, or of what
/// there is of it: one that breaks off does nothing on a terminal either.
std::size_t control_sequence(std::string_view text, std::size_t at) noexcept
{
    const auto skip = [&](char first, char last) {
        while (at < text.size() && text[at] >= first && text[at] <= last) ++at;
    };
    skip(0x30, 0x3F);
    skip(0x20, 0x2F);
    if (at < text.size() && text[at] >= 0x40 && text[at] <= 0x7E) ++at;
    return at;
}

/// The length of the escape sequence at the front of `text`, or 0 when there is none. Never reads
/// a byte twice for two different sequences, which keeps the whole linear.
std::size_t escape_sequence(std::string_view text) noexcept
{
    const auto begun = introducer(text);
    if (!begun) return 0;
    switch (begun->letter) {
    case '[': return control_sequence(text, begun->bytes);
    case ']':  // OSC
    case 'P':  // DCS
    case 'X':  // SOS
    case '^':  // PM
    case '_':  // APC
        return control_string(text, begun->bytes);
    default: break;
    }
    if (text[0] != escape) return 0;  // any other C1 control is shown
    std::size_t at = 1;
    while (at < text.size() && text[at] >= 0x20 && text[at] <= 0x2F) ++at;  // charset, ...
    if (at < text.size() && text[at] >= 0x30 && text[at] <= 0x7E) return at + 1;
    return 0;
}

/// Builds the safe text piece by piece.
class Writer {
public:
    explicit Writer(std::size_t expected) { out_.reserve(expected); }

    void keep(std::string_view plain)
    {
        if (plain.empty()) return;
        out_ += plain;
        before_ = static_cast<unsigned char>(plain.back());
    }
    void character(std::string_view sequence)
    {
        const auto value = utf8_decode(sequence);
        const bool is_selector = is_presentation(value) && can_be_presented(before_);
        if (is_hidden(value) && !is_selector) {
            mark(value);
            return;
        }
        out_ += sequence;
        // A selector after a selector selects nothing.
        before_ = is_selector ? 0 : value;
    }
    void picture(char control)
    {
        const auto value = static_cast<unsigned char>(control);
        out_ += "\xE2\x90";
        out_ += static_cast<char>(0x80 + (value == 0x7F ? 0x21 : value));
        before_ = 0;
    }
    void replacement()
    {
        out_ += replacement_character;
        before_ = 0;
    }
    std::string finish() && { return std::move(out_); }

private:
    void mark(std::uint32_t character)
    {
        std::array<char, 16> text{};
        const int length = std::snprintf(text.data(), text.size(), "<U+%04X>", character);
        out_.append(text.data(), static_cast<std::size_t>(length));
        before_ = '>';
    }

    std::string out_;
    std::uint32_t before_{0};  // the character last written, 0 when a selector may not follow it
};

/// Takes one thing that is not plain ASCII off the front of `text`.
std::size_t take_special(std::string_view text, Writer& out)
{
    if (const auto length = escape_sequence(text)) return length;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first == '\r') {
        const auto run = std::min(text.find_first_not_of('\r'), text.size());
        // "\r\r\n" is what a terminal makes of "\r\n".
        if (run == text.size() || text[run] != '\n') out.keep("\n");
        return run;
    }
    if (first < 0x80) {
        out.picture(text[0]);
        return 1;
    }
    if (const auto length = utf8_sequence(text)) {
        out.character(text.substr(0, length));
        return length;
    }
    out.replacement();
    return maximal_subpart(text);
}

/// Gives the members of `object` safe names; sorted as before, so the same input gives the same.
void make_names_safe(nlohmann::json& object)
{
    bool is_odd = false;
    for (auto at = object.begin(); at != object.end(); ++at) is_odd |= !is_safe_text(at.key());
    if (!is_odd) return;
    auto renamed = nlohmann::json::object();
    for (auto at = object.begin(); at != object.end(); ++at) {
        renamed.emplace(safe_text(at.key()), std::move(at.value()));
    }
    object = std::move(renamed);
}

}  // namespace

std::size_t safe_prefix(std::string_view text) noexcept
{
    std::size_t at = 0;
    std::uint32_t before = 0;
    for (;;) {
        const auto plain = plain_prefix(text.substr(at));
        if (plain > 0) before = static_cast<unsigned char>(text[at + plain - 1]);
        at += plain;
        if (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80) return at;
        const auto length = utf8_sequence(text.substr(at));
        if (length == 0) return at;
        const auto value = utf8_decode(text.substr(at, length));
        const bool is_selector = is_presentation(value) && can_be_presented(before);
        if (is_hidden(value) && !is_selector) return at;
        before = is_selector || value == 0xFFFD ? 0 : value;
        at += length;
    }
}

std::string safe_text(std::string_view text)
{
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (is_safe_text(text)) return std::string{text};
    Writer out{text.size() + text.size() / 8};
    while (!text.empty()) {
        const auto plain = plain_prefix(text);
        out.keep(text.substr(0, plain));
        text.remove_prefix(plain);
        if (!text.empty()) text.remove_prefix(take_special(text, out));
    }
    return std::move(out).finish();
}

void make_safe(nlohmann::json& value)
{
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        if (!is_safe_text(text)) text = safe_text(text);
        return;
    }
    if (!value.is_structured()) return;
    if (value.is_object()) make_names_safe(value);
    for (auto& member : value) make_safe(member);
}

}  // namespace tailops
