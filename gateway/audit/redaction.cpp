#include "gateway/audit/redaction.hpp"

#include "gateway/audit/encoding.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tailops::audit {
namespace {

using nlohmann::json;

constexpr std::string_view mark = "[redacted]";

constexpr std::array<std::string_view, 7> content_names = {
    "body", "input", "stdin", "content", "contents", "payload", "data",
};

std::string digest_of(const json& content)
{
    const auto text =
        content.is_string() ? content.get_ref<const std::string&>() : dump_json(content);
    return "[" + std::to_string(text.size()) + " bytes, sha256 " + to_hex(sha256(text)) + "]";
}

bool is_secret_option(const json& item)
{
    if (!item.is_string()) return false;
    const auto& text = item.get_ref<const std::string&>();
    return text.starts_with('-') && text.find('=') == std::string::npos && names_a_secret(text);
}

/// What one value may take; each round of clipping is narrower.
struct Room {
    std::size_t text_bytes;
    std::size_t items;
    int depth;
};
// The first shows whatever fits at all; no tool's schema is deeper, and the parser's own bound
// is 64.
constexpr std::array rooms = {Room{parameters_bytes_max, 1024, 32}, Room{512, 64, 8},
                              Room{128, 16, 6}, Room{48, 8, 4}, Room{16, 4, 2}};

// So much of a text is looked at for what its first parameters_bytes_max bytes show: a secret that
// begins at their end is seen whole.
constexpr std::size_t seen_bytes_max = parameters_bytes_max + secret_lookahead;

/// Clipped first: what is never shown costs nothing, however long a caller makes it.
std::string shown(const std::string& text,
                  const KnownSecrets& known,
                  std::size_t bytes_max,
                  bool& is_shortened)
{
    auto out = redact_text(std::string_view{text}.substr(0, seen_bytes_max), known);
    if (out.size() <= bytes_max && text.size() <= seen_bytes_max) return out;
    is_shortened = true;
    return std::string{clip_utf8(out, std::min(bytes_max, out.size()))} + "... (" +
           std::to_string(text.size()) + " bytes)";
}

/// The arguments as far as one room shows them.
class Redaction {
public:
    Redaction(const KnownSecrets& known, const Room& room) : known_{known}, room_{room} {}

    json of(const json& value, int depth)
    {
        if (value.is_string()) return text_of(value.get_ref<const std::string&>());
        if (!value.is_structured()) return value;
        if (depth >= room_.depth) {
            is_shortened_ = true;
            return value.is_array() ? "[...]" : "{...}";
        }
        return value.is_array() ? of_array(value, depth) : of_object(value, depth);
    }

    /// Whether something was left out or clipped; what is redacted is not.
    bool is_shortened() const noexcept { return is_shortened_; }

private:
    std::string text_of(const std::string& text)
    {
        return shown(text, known_, room_.text_bytes, is_shortened_);
    }

    json of_object(const json& object, int depth)
    {
        auto out = json::object();
        std::size_t count = 0;
        for (const auto& [name, member] : object.items()) {
            if (count++ == room_.items) break;
            const auto key = text_of(name);
            // Of two names that are redacted to the same, one is left.
            if (out.contains(key)) is_shortened_ = true;
            if (names_a_secret(name) && !member.is_null() && !member.is_boolean()) {
                out.emplace(key, mark);
            } else if (!member.is_null() && names_content(name)) {
                out.emplace(key, digest_of(member));
            } else {
                out.emplace(key, of(member, depth + 1));
            }
        }
        if (object.size() > room_.items) {
            is_shortened_ = true;
            out.emplace("...", more_than(object.size()));
        }
        return out;
    }

    json of_array(const json& array, int depth)
    {
        auto out = json::array();
        bool is_value_of_secret = false;
        for (const auto& item : array) {
            if (out.size() == room_.items) break;
            out.push_back(is_value_of_secret ? json(mark) : of(item, depth + 1));
            is_value_of_secret = !is_value_of_secret && is_secret_option(item);
        }
        if (array.size() > room_.items) {
            is_shortened_ = true;
            out.push_back(more_than(array.size()));
        }
        return out;
    }

    static bool names_content(const std::string& name)
    {
        return std::ranges::find(content_names, plain_name(name)) != content_names.end();
    }
    std::string more_than(std::size_t items) const
    {
        return "and " + std::to_string(items - room_.items) + " more";
    }

    const KnownSecrets& known_;
    const Room& room_;
    bool is_shortened_{false};
};

/// All of the arguments, for their hash: a hash must not let a secret be guessed.
json whole(const json& value, const KnownSecrets& known)
{
    if (value.is_string()) return without_known(value.get_ref<const std::string&>(), known);
    if (value.is_array()) {
        auto out = json::array();
        bool is_value_of_secret = false;
        for (const auto& item : value) {
            out.push_back(is_value_of_secret ? json(mark) : whole(item, known));
            is_value_of_secret = !is_value_of_secret && is_secret_option(item);
        }
        return out;
    }
    if (!value.is_object()) return value;
    auto out = json::object();
    for (const auto& [name, member] : value.items()) {
        const bool is_secret = names_a_secret(name) && !member.is_null() && !member.is_boolean();
        out.emplace(without_known(name, known), is_secret ? json(mark) : whole(member, known));
    }
    return out;
}

}  // namespace

std::string redact_text(std::string_view text, const KnownSecrets& known)
{
    auto out = without_suspects(text, known);
    return is_valid_utf8(out) ? out : repair_utf8(out);
}

std::string redact_text(std::string_view text, const SecretRegistry& known)
{
    return redact_text(text, *known.known());
}

std::string redact_word(std::string_view text, const SecretRegistry& known, std::size_t bytes_max)
{
    bool is_shortened = false;
    return shown(std::string{text.substr(0, seen_bytes_max)}, *known.known(), bytes_max,
                 is_shortened);
}

KeptParameters kept_parameters(const json& arguments, const SecretRegistry& registry)
{
    if (arguments.empty()) return {.text = arguments.is_array() ? "[]" : "{}", .sha256 = {}};
    const auto known = registry.known();
    const auto hash = [&] { return to_hex(sha256(dump_json(whole(arguments, *known)))); };
    for (const auto& room : rooms) {
        Redaction redaction{*known, room};
        auto text = dump_json(redaction.of(arguments, 0));
        if (text.size() > parameters_bytes_max) continue;
        return {.text = std::move(text), .sha256 = redaction.is_shortened() ? hash() : ""};
    }
    return {.text = dump_json(
                {{"...", std::to_string(dump_json(arguments).size()) + " bytes of arguments"}}),
            .sha256 = hash()};
}

}  // namespace tailops::audit
