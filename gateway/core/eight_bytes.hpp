#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tailops {

/// Eight bytes of text judged in one step. A question's answer has the high bit set in the place of
/// each byte that it holds for. Behind the first such byte it may name others by mistake, before it
/// never: ask `first`, and go on from there.
class EightBytes {
public:
    static constexpr std::size_t size = 8;

    explicit EightBytes(const char* text) noexcept { std::memcpy(&word_, text, size); }

    std::uint64_t not_ascii() const noexcept { return word_ & highs; }
    std::uint64_t controls() const noexcept { return (word_ - ones * 0x20) & ~word_ & highs; }
    std::uint64_t equal_to(char byte) const noexcept
    {
        const auto differences = word_ ^ (ones * static_cast<unsigned char>(byte));
        return (differences - ones) & ~differences & highs;
    }
    /// The place of the first byte that `marks` names, 0 to 7. `marks` is not 0.
    static std::size_t first(std::uint64_t marks) noexcept
    {
        return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    }

private:
    static_assert(std::endian::native == std::endian::little);
    static constexpr std::uint64_t ones = 0x0101010101010101;
    static constexpr std::uint64_t highs = 0x8080808080808080;

    std::uint64_t word_;
};

}  // namespace tailops
