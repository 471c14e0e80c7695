#pragma once

#include "gateway/core/secret.hpp"
#include "gateway/core/snapshot.hpp"

#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tailops {

/// The spellings of known secrets, so arranged that looking for all of them at one place of a text
/// costs no more than looking for one. Immutable.
class KnownSecrets {
public:
    KnownSecrets() = default;
    explicit KnownSecrets(std::vector<Secret> spellings);

    /// How many bytes of `text` from `at` on are the longest known secret there; 0: none.
    std::size_t length_at(std::string_view text, std::size_t at) const noexcept;
    bool contains(std::string_view spelling) const noexcept;
    bool empty() const noexcept { return spellings_.empty(); }

private:
    friend class SecretRegistry;
    std::vector<Secret> spellings_;  // longest first: one that contains another goes as a whole
    std::bitset<65536> beginnings_;  // of two bytes: few places of a text begin with one
    std::unordered_map<std::uint32_t, std::vector<std::size_t>> by_beginning_;  // of four bytes
};

/// The secrets that this gateway holds or has held (client secrets, target passwords, private
/// keys), so that nothing it shows or records has them. It learns when a credential is fetched and
/// forgets nothing while the daemon runs: one that was replaced may still be in use somewhere. Safe
/// from any thread.
class SecretRegistry {
public:
    SecretRegistry() = default;

    /// Also knows the secret as base64, as part of a URL and of a JSON text, and its lines one by
    /// one when it has several (a PEM key). Texts under 6 bytes are left alone: replacing every
    /// "root" would hide more than it protects.
    void add(const Secret& secret);

    std::shared_ptr<const KnownSecrets> known() const { return known_.get(); }
    bool empty() const { return known()->empty(); }

private:
    std::mutex adding_;
    Snapshot<KnownSecrets> known_{std::make_shared<const KnownSecrets>()};
};

}  // namespace tailops
