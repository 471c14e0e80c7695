#include "gateway/core/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace tailops {
namespace {

constexpr std::string_view standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const unsigned char* raw(std::string_view bytes) noexcept
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string encode(std::string_view bytes, std::string_view alphabet)
{
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const auto count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k <= count; ++k) out += alphabet[group >> (18 - 6 * k) & 63];
    }
    return out;
}

Result<std::string> decode(std::string_view text, std::string_view alphabet)
{
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return fail(Errc::invalid_argument, "not base64");
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xFF);
        }
    }
    // Bits left over must be zero, else two texts would decode to the same bytes.
    if (held >= 6 || (bits & ((1U << held) - 1)) != 0) {
        return fail(Errc::invalid_argument, "not canonical base64");
    }
    return out;
}

}  // namespace

Sha256 sha256(std::string_view bytes)
{
    Sha256 out;
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        std::abort();  // only out of memory
    }
    return out;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes)
{
    Sha256 out;
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(bytes), bytes.size(),
              out.data(), &length)) {
        std::abort();  // only out of memory
    }
    return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_hex(std::string_view text) noexcept
{
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string to_hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out(bytes.size() * 2, '0');
    auto at = out.begin();
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return out;
}

std::string to_base64url(std::string_view bytes)
{
    return encode(bytes, url_safe);
}

std::string to_base64(std::string_view bytes)
{
    auto out = encode(bytes, standard);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

Result<std::string> from_base64url(std::string_view text)
{
    if (text.size() % 4 == 0) {
        for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    }
    return decode(text, url_safe);
}

Result<std::string> from_base64(std::string_view text)
{
    if (text.size() % 4 != 0) return fail(Errc::invalid_argument, "base64 without its padding");
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    return decode(text, standard);
}

std::string random_bytes(std::size_t count)
{
    std::string out(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) {
        std::abort();
    }
    return out;
}

}  // namespace tailops
