#include "gateway/core/utf8.hpp"

#include <algorithm>
#include <array>

namespace tailops {

std::size_t utf8_sequence(std::string_view text) noexcept
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return i < text.size() && at(i) >= low && at(i) <= high;
    };
    const unsigned lead = at(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = lead == 0xED ? 0x9F : 0xBF;
        return continues(1, low, high) && continues(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
        return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::size_t maximal_subpart(std::string_view text) noexcept
{
    std::array<char, 4> probe{};
    std::size_t length = 1;
    while (length < std::min<std::size_t>(text.size(), 3)) {
        const auto prefix = text.substr(0, length + 1);
        bool could_continue = false;
        for (const char filler : {'\x80', '\x90', '\xA0'}) {
            probe.fill(filler);
            std::ranges::copy(prefix, probe.begin());
            could_continue |= utf8_sequence({probe.data(), probe.size()}) > length;
        }
        if (!could_continue) break;
        ++length;
    }
    return length;
}

std::uint32_t utf8_decode(std::string_view sequence) noexcept
{
    const auto lead = static_cast<unsigned char>(sequence[0]);
    if (lead < 0x80) return lead;
    // A sequence of n bytes has 7 - n bits of its character in the first one.
    std::uint32_t value = lead & (0xFFU >> (sequence.size() + 1));
    for (const char byte : sequence.substr(1)) {
        value = value << 6 | (static_cast<unsigned char>(byte) & 0x3FU);
    }
    return value;
}

}  // namespace tailops
