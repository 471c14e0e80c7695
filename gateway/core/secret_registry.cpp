#include "gateway/core/secret_registry.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops {
namespace {

constexpr std::size_t secret_bytes_min = 6;
constexpr std::size_t key_line_bytes_min = 24;  // a line of a PEM body, not its "-----BEGIN"
// A longer spelling is known by its pieces: a text that comes in parts is held back no further.
constexpr std::size_t piece_bytes_max = 1024;
// Spellings of some hundred credentials. A file that is replaced every minute must not fill memory.
constexpr std::size_t spellings_max = 20'000;

std::uint32_t four_bytes(std::string_view text, std::size_t at) noexcept
{
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        out = (out << 8U) | static_cast<unsigned char>(text[at + i]);
    }
    return out;
}

std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') ||
                                   std::string_view{"-._~"}.find(c) != std::string_view::npos;
        if (is_unreserved) {
            out += c;
            continue;
        }
        out += '%';
        for (const char digit : to_hex(std::string_view{&c, 1})) {
            out += static_cast<char>(digit >= 'a' ? digit - 'a' + 'A' : digit);
        }
    }
    return out;
}

std::vector<std::string> spellings_of(std::string_view text)
{
    std::vector<std::string> out{std::string{text}, to_base64(text), to_base64url(text),
                                 percent_encoded(text)};
    auto unpadded = out[1];
    while (unpadded.ends_with('=')) unpadded.pop_back();
    out.push_back(std::move(unpadded));
    const auto quoted = dump_json(nlohmann::json(std::string{text}));
    out.push_back(quoted.substr(1, quoted.size() - 2));
    if (text.find('\n') != std::string_view::npos) {
        for (const auto line : split(text, '\n')) {
            const auto part = trim(line);
            if (part.size() >= key_line_bytes_min && !part.starts_with("-----")) {
                out.emplace_back(part);
            }
        }
    }
    return out;
}

}  // namespace

KnownSecrets::KnownSecrets(std::vector<Secret> spellings) : spellings_{std::move(spellings)}
{
    std::ranges::stable_sort(spellings_, [](const Secret& a, const Secret& b) {
        return a.reveal().size() > b.reveal().size();
    });
    for (std::size_t i = 0; i < spellings_.size(); ++i) {
        const auto beginning = four_bytes(spellings_[i].reveal(), 0);
        beginnings_.set(beginning >> 16U);
        by_beginning_[beginning].push_back(i);
    }
}

std::size_t KnownSecrets::length_at(std::string_view text, std::size_t at) const noexcept
{
    if (spellings_.empty() || text.size() - at < secret_bytes_min) return 0;
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    if (!beginnings_.test((std::size_t{first} << 8U) | second)) return 0;
    const auto found = by_beginning_.find(four_bytes(text, at));
    if (found == by_beginning_.end()) return 0;
    for (const auto index : found->second) {
        const auto spelling = spellings_[index].reveal();
        if (text.substr(at).starts_with(spelling)) return spelling.size();
    }
    return 0;
}

bool KnownSecrets::contains(std::string_view spelling) const noexcept
{
    return std::ranges::any_of(spellings_,
                               [&](const Secret& known) { return known.reveal() == spelling; });
}

void SecretRegistry::add(const Secret& secret)
{
    const auto text = trim(secret.reveal());
    if (text.size() < secret_bytes_min) return;
    const std::scoped_lock lock{adding_};
    const auto old = known();
    // The plain one first: each use of a credential comes here, and nearly all of them find it.
    if (old->contains(text.substr(0, piece_bytes_max))) return;
    std::vector<Secret> spellings;
    for (const auto& spelling : old->spellings_) spellings.push_back(spelling.clone());
    const auto keep = [&](std::string_view spelling) {
        const auto is_same = [&](const Secret& one) { return one.reveal() == spelling; };
        if (spelling.size() < secret_bytes_min || spellings.size() >= spellings_max) return;
        if (std::ranges::none_of(spellings, is_same)) spellings.emplace_back(std::string{spelling});
    };
    for (const auto& spelling : spellings_of(text)) {
        std::string_view left{spelling};
        keep(left.substr(0, piece_bytes_max));
        // The end of a long one must not be a word that stands in other texts too.
        while (left.size() >= piece_bytes_max + key_line_bytes_min) {
            left.remove_prefix(piece_bytes_max);
            keep(left.substr(0, piece_bytes_max));
        }
    }
    known_.swap(std::make_shared<const KnownSecrets>(std::move(spellings)));
}

}  // namespace tailops
