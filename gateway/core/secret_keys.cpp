#include "gateway/core/secret_scan.hpp"
#include "gateway/core/secret_shapes.hpp"

#include <algorithm>
#include <utility>

/// The part of SecretScan that is about private keys, which have many lines.
namespace tailops {

using namespace shapes;

namespace {

constexpr std::string_view begin_label = "-----BEGIN ";
constexpr std::string_view end_label = "-----END ";
constexpr std::size_t label_bytes_max = 64;
constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t first_line_bytes_max = 256;
// Both labels so near to one another: somebody speaks of them, or shows a key that is cut.
constexpr std::size_t near_bytes = 128;

/// One line of what may be the body of a key. Also ends where a line end is written as "\n" and
/// where a quoted text does.
struct Line {
    std::string_view text;
    std::size_t next{0};  // where the one after it begins
    bool is_last{false};  // of a quoted text
};

Line line_at(std::string_view text, std::size_t from, std::size_t bytes_max)
{
    const auto limit = std::min(text.size(), from + bytes_max);
    for (auto at = from; at < limit; ++at) {
        const char c = text[at];
        if (c == '\n' || c == '\r') return {text.substr(from, at - from), at + 1, false};
        if (c == '\\' && at + 1 < text.size() && (text[at + 1] == 'n' || text[at + 1] == 'r')) {
            return {text.substr(from, at - from), at + 2, false};
        }
        if (c == '"' || c == '\'' || c == '<' || c == '\0') {
            return {text.substr(from, at - from), at, true};
        }
    }
    return {text.substr(from, limit - from), limit, false};
}

std::string_view last_word(std::string_view line) noexcept
{
    const auto blank = line.find_last_of(" \t");
    return blank == line.npos ? line : line.substr(blank + 1);
}

/// "Proc-Type: 4,ENCRYPTED", "Comment: ..."
bool is_key_header(std::string_view line) noexcept
{
    const auto colon = line.find(": ");
    return colon != line.npos && colon >= 3 && colon <= 24 && is_upper(line[0]) &&
           std::ranges::all_of(line.substr(0, colon), is_word);
}

/// Whether a line can be one of a key's body; `run_min`: of how many characters at least.
bool is_key_line(std::string_view line, std::size_t run_min) noexcept
{
    const auto word = last_word(line);
    if (!std::ranges::all_of(word, is_base64)) return false;
    // Behind the time and the name that a log puts before each line, only a long word counts.
    const bool is_alone = word.size() == line.size();
    return word.size() >= (is_alone ? run_min : std::size_t{32});
}

bool holds_no_key(std::string_view line) noexcept
{
    return line.empty() || line.starts_with(section_mark);
}

}  // namespace

/// Where the key ends whose body, or the rest of it, begins at `body`. `is_key` goes in saying
/// whether it is known to be one, and comes out saying whether it looks like one.
std::size_t SecretScan::key_end(std::size_t body, bool& is_key)
{
    const bool is_rest = is_key;
    const auto limit = std::min(text_.size(), body + secret_lookahead);
    // A text full of beginnings is searched once.
    const auto searched = std::max(body, std::min(no_key_end_before_, limit));
    auto end = text_.substr(0, limit).find(end_label, searched);
    steps_ += std::min(end, limit) - searched;
    if (end == text_.npos) {
        no_key_end_before_ = limit < end_label.size() ? 0 : limit - end_label.size() + 1;
    } else {
        const auto close = text_.substr(0, std::min(limit, end + label_bytes_max))
                               .find("-----", end + end_label.size());
        is_key = is_key || end - body <= near_bytes;
        end = close == text_.npos ? limit : close + 5;
    }
    auto here = body;
    auto key = body;  // how far it surely goes
    for (bool is_first = !is_rest; here < limit;) {
        const auto line =
            line_at(text_.substr(0, limit), here, is_first ? first_line_bytes_max : line_bytes_max);
        steps_ += line.text.size() + 1;
        auto text = line.text;
        while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
        while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
        // What our scripts print begins anywhere, and they have seen that it is in a key.
        if (text.starts_with(section_mark)) is_first = false;
        if (!holds_no_key(text)) {
            const bool is_cut = is_first && line.next == text_.size();
            if (!is_key_line(text, is_first && !is_cut ? 16 : 1) &&
                !(here - body < first_line_bytes_max && is_key_header(text))) {
                break;
            }
            is_first = false;
            is_key = true;
            key = here + line.text.size();
            if (end != text_.npos) return end;
        }
        if (line.is_last || line.next <= here) break;
        here = line.next;
    }
    if (is_key && end != text_.npos) return end;
    // A key that is longer than what was looked at.
    goes_on_ = is_key && here >= limit;
    return goes_on_ ? limit : key;
}

FoundSecret SecretScan::key_from(std::size_t begin, std::size_t body, bool is_key)
{
    goes_on_ = false;
    auto end = key_end(body, is_key);
    while (std::exchange(goes_on_, false)) {
        if (end == text_.size()) {
            goes_on_ = true;
            break;
        }
        end = key_end(end, is_key);
    }
    return {begin, is_key ? end : begin, private_key};
}

FoundSecret SecretScan::rest_of_key()
{
    return key_from(0, 0, true);
}

std::optional<FoundSecret> SecretScan::key_at(std::size_t at)
{
    if (!text_.substr(at).starts_with(begin_label)) return std::nullopt;
    const auto label = text_.substr(at + begin_label.size(), label_bytes_max);
    const auto close = label.find("-----");
    steps_ += std::min(close, label.size());
    if (close == label.npos || label.substr(0, close).find("PRIVATE KEY") == label.npos) {
        return std::nullopt;
    }
    const auto found = key_from(at, at + begin_label.size() + close + 5, false);
    return found.end > at ? std::optional{found} : std::nullopt;
}

std::optional<FoundSecret> SecretScan::coded_key_at(std::size_t at)
{
    if (is_base64(previous(at))) return std::nullopt;
    const auto rest = text_.substr(at);
    if (rest.starts_with(openssh_body)) {
        const auto found = key_from(at, at, false);
        if (found.end > at) return found;
    }
    for (const auto prefix : coded_keys) {
        if (rest.starts_with(prefix)) return FoundSecret{at, at + run(at, is_base64), private_key};
    }
    return std::nullopt;
}

}  // namespace tailops
