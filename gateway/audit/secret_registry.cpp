#include "gateway/audit/secret_registry.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::audit {
namespace {
constexpr std::size_t secret_bytes_min = 6;
constexpr std::size_t key_line_bytes_min = 24;  // a line of a PEM body, not its "-----BEGIN"
constexpr std::string_view mark = "[redacted]";
}  // namespace

void SecretRegistry::add(const Secret& secret)
{
    const auto text = trim(secret.reveal());
    if (text.size() < secret_bytes_min) return;
    add_text(text);
    add_text(to_base64(text));
    if (text.find('\n') != std::string_view::npos) {
        for (const auto line : split(text, '\n')) {
            const auto part = trim(line);
            if (part.size() >= key_line_bytes_min && !part.starts_with("-----")) add_text(part);
        }
    }
    // Longest first: a secret that contains another one goes as a whole.
    std::ranges::stable_sort(secrets_, [](const Secret& a, const Secret& b) {
        return a.reveal().size() > b.reveal().size();
    });
}

void SecretRegistry::add_text(std::string_view text)
{
    const auto is_known =
        std::ranges::any_of(secrets_, [&](const Secret& known) { return known.reveal() == text; });
    if (!is_known) secrets_.emplace_back(std::string{text});
}

bool SecretRegistry::scrub(std::string& text) const
{
    bool found = false;
    for (const auto& secret : secrets_) {
        const auto known = secret.reveal();
        for (auto at = text.find(known); at != std::string::npos;
             at = text.find(known, at + mark.size())) {
            text.replace(at, known.size(), mark);
            found = true;
        }
    }
    return found;
}

}  // namespace tailops::audit
