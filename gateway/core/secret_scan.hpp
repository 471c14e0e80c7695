#pragma once

#include "gateway/core/secret_registry.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// Finds secrets in text: those that the gateway knows, and key material by its shape (PEM private
/// keys, tokens of well-known issuers, JSON Web Tokens, bearer and basic credentials, password
/// hashes of crypt(3), passwords in URLs). A shape must be one that ordinary text does not have:
/// what a machine says is to stay readable.
namespace tailops {

/// A part of a text that must not be shown. `kind` says what it is: "private key", "token".
struct FoundSecret {
    std::size_t begin{0};
    std::size_t end{0};
    std::string_view kind;
};

/// How sure a shape must be. What is shown to callers keeps whatever could be ordinary; what is
/// recorded loses whatever could be a secret, `password=x` among it.
enum class Suspicion { sure, wary };

/// Looks through one text from its beginning to its end. In all it takes time in proportion to the
/// size of the text, whatever stands in it.
class SecretScan {
public:
    /// Borrows both. `before` is the character that stood before the text, or 0.
    SecretScan(std::string_view text,
               const KnownSecrets& known,
               Suspicion suspicion,
               char before = '\0') noexcept
        : text_{text},
          known_{known},
          suspicion_{suspicion},
          before_{before}
    {
    }

    /// The first secret that begins in [from, until): ascending `from` only. With `is_whole` false
    /// more text follows, at least `secret_lookahead` bytes lie behind `until` and what reaches the
    /// end of the text may go on.
    std::optional<FoundSecret> next(std::size_t from, std::size_t until);

    /// What at the beginning of the text belongs to a private key that began before it.
    FoundSecret rest_of_key();
    /// Whether the private key that was found last goes on behind the text.
    bool goes_on() const noexcept { return goes_on_; }

    /// How many characters were looked at, about: what bounds the time.
    std::size_t steps() const noexcept { return steps_; }

private:
    std::optional<FoundSecret> at(std::size_t at);
    std::optional<FoundSecret> key_at(std::size_t at);
    std::optional<FoundSecret> coded_key_at(std::size_t at);
    std::optional<FoundSecret> token_at(std::size_t at);
    std::optional<FoundSecret> jwt_at(std::size_t at);
    std::optional<FoundSecret> scheme_at(std::size_t at);
    std::optional<FoundSecret> named_key_at(std::size_t at);
    std::optional<FoundSecret> hash_at(std::size_t at);
    std::optional<FoundSecret> user_info_at(std::size_t at);
    std::optional<FoundSecret> pair_at(std::size_t at);
    FoundSecret key_from(std::size_t begin, std::size_t body, bool is_key);
    std::size_t key_end(std::size_t body, bool& is_key);
    char previous(std::size_t at) const noexcept { return at == 0 ? before_ : text_[at - 1]; }
    /// How many characters from `from` on fit.
    template <class Fits>
    std::size_t run(std::size_t from, Fits fits, std::size_t max = std::string_view::npos)
    {
        std::size_t length = 0;
        while (length < max && from + length < text_.size() && fits(text_[from + length])) ++length;
        steps_ += length;
        return length;
    }

    std::string_view text_;
    const KnownSecrets& known_;
    Suspicion suspicion_;
    char before_;
    std::size_t steps_{0};
    std::size_t no_key_end_before_{0};
    bool goes_on_{false};
};

/// Whether a member, an option or a header of that name holds a secret.
bool names_a_secret(std::string_view name);
/// A name as names_a_secret() compares it: in lower case, without "_", "-", "." and spaces.
std::string plain_name(std::string_view name);

/// `text` with a mark such as "[redacted: private key]" in place of each secret.
std::string without_secrets(std::string_view text,
                            const KnownSecrets& known,
                            std::set<std::string>* kinds = nullptr);

/// For records and logs: without whatever could be a secret (Suspicion::wary). Marks say no more
/// than
/// "[redacted]", but for private keys; UTF-8 is left as it is.
std::string without_suspects(std::string_view text, const KnownSecrets& known);

/// `text` with "[redacted]" in place of each secret that the gateway knows, and of no other: cheap
/// also of a long text.
std::string without_known(std::string_view text, const KnownSecrets& known);

/// The same as without_secrets() in every string of `value`, names of members included. Adds to
/// `kinds` what there was.
void redact_secrets(nlohmann::json& value, const KnownSecrets& known, std::set<std::string>& kinds);

// No shape needs to be seen further than this to be told: an RSA key of 16384 bits as PEM.
constexpr std::size_t secret_lookahead = 16 * 1024;

/// The same for a stream that comes in pieces, cut anywhere. What comes out has as many bytes as
/// what went in, and its line ends where they were: sizes and places that were told of a stream
/// still hold. Belongs to one strand.
class StreamScrubber {
public:
    explicit StreamScrubber(std::shared_ptr<const KnownSecrets> known) : known_{std::move(known)} {}

    /// What can be shown now: lags behind by twice `secret_lookahead` at most.
    std::string add(std::string_view bytes);
    /// The rest.
    std::string finish();

    /// What was found so far.
    const std::set<std::string>& kinds() const noexcept { return kinds_; }

private:
    std::string release(bool is_whole);

    std::shared_ptr<const KnownSecrets> known_;
    std::string held_;
    char before_{'\0'};      // what was given out last
    bool is_in_run_{false};  // a token reached the end of what was there
    bool is_in_key_{false};  // a private key did
    std::set<std::string> kinds_;
};

}  // namespace tailops
