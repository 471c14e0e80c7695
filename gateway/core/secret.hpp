#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace tailops {

/// Text that must never reach a log, an audit record or an error message: tokens, private keys,
/// passwords. It has no operator<<, no formatter and no implicit conversion; the bytes are wiped on
/// destruction and on reassignment. `reveal()` is deliberately ugly and greppable: every call site
/// is a review question. Move-only; `clone()` says out loud that a second copy is wanted.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_{std::move(text)} {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : text_{std::move(other.text_)} { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept
    {
        if (this != &other) {
            wipe();
            text_ = std::move(other.text_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    std::string_view reveal() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    Secret clone() const { return Secret{text_}; }

private:
    // All it has room for: a short text that was moved away leaves its bytes behind its end.
    void wipe() noexcept
    {
        OPENSSL_cleanse(text_.data(), text_.capacity());
        text_.clear();
    }
    std::string text_;
};

}  // namespace tailops
