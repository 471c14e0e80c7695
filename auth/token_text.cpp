#include "auth/token_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tailops::auth {
namespace {

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

bool is_token_char(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
}

}  // namespace

bool is_b64token(std::string_view text) noexcept
{
    if (text.size() > token_bytes_max) return false;
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.empty()) return false;
    return std::ranges::all_of(text, is_token_char);
}

Sha256 token_digest(std::string_view token)
{
    // EVP_Digest of OpenSSL 3 looks the algorithm up at every call, which costs more than the hash.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
    Sha256 digest;
    if (!algorithm || !context || EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), token.data(), token.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
        std::abort();  // only out of memory
    }
    return digest;
}

DigestHash::DigestHash()
{
    static const std::size_t drawn = [] {
        const auto bytes = random_bytes(sizeof(std::size_t));
        std::size_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        return word;
    }();
    salt = drawn;
}

}  // namespace tailops::auth
