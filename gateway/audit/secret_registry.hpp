#pragma once

#include "gateway/core/secret.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tailops::audit {

/// The secrets that this gateway holds itself (client secrets, target passwords, private keys), so
/// that redaction knows them exactly wherever they turn up. Filled at start and by a reload, then
/// immutable: share it as `shared_ptr<const SecretRegistry>`.
class SecretRegistry {
public:
    /// Also knows the secret's base64 and its lines one by one when it has several (a PEM key).
    /// Texts under 6 bytes are left alone: replacing every "root" would hide more than it protects.
    void add(const Secret& secret);

    /// Replaces every known secret in `text` by "[redacted]". Whether there was one.
    bool scrub(std::string& text) const;
    bool empty() const noexcept { return secrets_.empty(); }

private:
    void add_text(std::string_view text);
    std::vector<Secret> secrets_;
};

}  // namespace tailops::audit
