#include "gateway/audit/chain.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <charconv>
#include <cstdlib>

namespace tailops::audit {

struct KeyedMac::Context {
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context()
    {
        EVP_MAC_CTX_free(context);
        EVP_MAC_free(algorithm);
    }
    EVP_MAC* algorithm{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    EVP_MAC_CTX* context{EVP_MAC_CTX_new(algorithm)};
};

KeyedMac::KeyedMac(const Secret& key) : context_{std::make_unique<Context>()}
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    const auto bytes = key.reveal();
    if (EVP_MAC_init(context_->context, reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), parameters) != 1) {
        std::abort();  // only out of memory, or an OpenSSL without HMAC
    }
    key_id_ = to_hex(of("tailops audit key id")).substr(0, 16);
}

KeyedMac::KeyedMac(KeyedMac&&) noexcept = default;
KeyedMac& KeyedMac::operator=(KeyedMac&&) noexcept = default;
KeyedMac::~KeyedMac() = default;

Sha256 KeyedMac::of(std::string_view bytes)
{
    Sha256 out{};
    std::size_t length = 0;
    // Without a key EVP_MAC_init starts over with the one that was set.
    if (EVP_MAC_init(context_->context, nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_->context, reinterpret_cast<const unsigned char*>(bytes.data()),
                       bytes.size()) != 1 ||
        EVP_MAC_final(context_->context, out.data(), &length, out.size()) != 1) {
        std::abort();  // only out of memory
    }
    return out;
}

bool KeyedMac::matches(const Frame& frame)
{
    return equal_in_constant_time(to_hex(of(frame.sealed)), frame.mac);
}

void seal(std::string& out, std::string_view body, ChainPosition& position, KeyedMac& mac)
{
    const auto begin = out.size();
    char number[24];
    const auto end = std::to_chars(number, number + sizeof number, position.next_seq).ptr;
    out += R"({"seq":)";
    out.append(number, end);
    out += R"(,"prev":")";
    out += position.prev;
    out += R"(",)";
    out += body;
    position.prev = to_hex(mac.of(std::string_view{out}.substr(begin)));
    ++position.next_seq;
    out += R"(,"mac":")";
    out += position.prev;
    out += "\"}\n";
}

}  // namespace tailops::audit
