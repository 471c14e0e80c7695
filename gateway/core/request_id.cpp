#include "gateway/core/request_id.hpp"

#include "gateway/core/digest.hpp"

#include <cstdint>
#include <cstring>

namespace tailops {
namespace {

std::uint64_t seed()
{
    const auto bytes = random_bytes(sizeof(std::uint64_t));
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): visits
/// every 64-bit value once before it repeats.
std::uint64_t next()
{
    thread_local std::uint64_t state = seed();
    auto z = state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

}  // namespace

RequestId mint_request_id()
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(16, '0');
    auto value = next();
    for (auto& digit : text) {
        digit = digits[value & 15];
        value >>= 4;
    }
    return RequestId{std::move(text)};
}

}  // namespace tailops
