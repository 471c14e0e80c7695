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

// What quote() puts where it left something out.
constexpr std::string_view clip_mark = "...";
// So much of one that was cut short is no other word.
constexpr std::size_t cut_bytes_min = 16;

/// How many bytes of `text` are the front of `spelling`, if that was cut there: by the end of the
/// text, or as quote() does.
std::size_t cut_length(std::string_view text, std::string_view spelling) noexcept
{
    const auto same = std::ranges::mismatch(text, spelling).in1;
    const auto length = static_cast<std::size_t>(same - text.begin());
    if (length < cut_bytes_min) return 0;
    const auto rest = text.substr(length);
    return rest.empty() || rest.starts_with(clip_mark) ? length : 0;
}

std::uint32_t four_bytes(std::string_view text, std::size_t at) noexcept
{
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        out = (out << 8U) | static_cast<unsigned char>(text[at + i]);
    }
    return out;
}

/// `kept`: what stands for itself besides letters and digits.
std::string percent_encoded(std::string_view text, std::string_view kept)
{
    std::string out;
    for (const char c : text) {
        const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') || kept.find(c) != std::string_view::npos;
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

std::string replaced(std::string text, std::string_view what, std::string_view by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

/// As the writers of JSON have it: as it is or in ASCII alone (Python), with "/" escaped (PHP),
/// with what HTML means something by escaped (Go).
std::vector<std::string> json_spellings_of(const std::string& text)
{
    std::vector<std::string> out;
    for (const bool in_ascii : {false, true}) {
        auto quoted =
            nlohmann::json(text).dump(-1, ' ', in_ascii, nlohmann::json::error_handler_t::replace);
        quoted = quoted.substr(1, quoted.size() - 2);
        out.push_back(replaced(quoted, "/", "\\/"));
        auto for_html = replaced(quoted, "&", "\\u0026");
        for_html = replaced(replaced(for_html, "<", "\\u003c"), ">", "\\u003e");
        out.push_back(std::move(for_html));
        out.push_back(std::move(quoted));
    }
    return out;
}

std::vector<std::string> spellings_of(std::string_view text)
{
    std::vector<std::string> out{std::string{text}, to_base64(text), to_base64url(text),
                                 percent_encoded(text, "-._~"), percent_encoded(text, "-._~/")};
    auto unpadded = out[1];
    while (unpadded.ends_with('=')) unpadded.pop_back();
    out.push_back(std::move(unpadded));
    std::ranges::move(json_spellings_of(std::string{text}), std::back_inserter(out));
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

/// Also one that was cut short is found, where there is enough of it.
std::size_t KnownSecrets::length_at(std::string_view text, std::size_t at) const noexcept
{
    if (spellings_.empty() || text.size() - at < secret_bytes_min) return 0;
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    if (!beginnings_.test((std::size_t{first} << 8U) | second)) return 0;
    const auto found = by_beginning_.find(four_bytes(text, at));
    if (found == by_beginning_.end()) return 0;
    const auto rest = text.substr(at);
    std::size_t cut = 0;
    for (const auto index : found->second) {
        const auto spelling = spellings_[index].reveal();
        if (rest.starts_with(spelling)) return spelling.size();
        cut = std::max(cut, cut_length(rest, spelling));
    }
    return cut;
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
