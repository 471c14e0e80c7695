#include "targets/ssh/known_hosts.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

namespace tailops::targets::ssh {
namespace {

constexpr std::size_t file_bytes_max = 4 * 1024 * 1024;

/// The words of `line`, separated by blanks.
std::vector<std::string_view> words_of(std::string_view line)
{
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
        const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

/// Whether the hashed name "|1|salt|hash" is that of `pattern` (HMAC-SHA1, as ssh-keygen -H does).
bool is_hash_of(std::string_view hashed, std::string_view pattern)
{
    const auto parts = split(hashed, '|');  // "", "1", salt, hash
    if (parts.size() != 4 || parts[1] != "1") return false;
    const auto salt = from_base64(parts[2]);
    const auto hash = from_base64(parts[3]);
    if (!salt || !hash) return false;
    std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
    unsigned int size = 0;
    if (HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()),
             reinterpret_cast<const unsigned char*>(pattern.data()), pattern.size(), made.data(),
             &size) == nullptr) {
        return false;
    }
    return std::string_view{reinterpret_cast<const char*>(made.data()), size} == *hash;
}

bool is_name_of(std::string_view name, std::string_view pattern)
{
    if (name.starts_with('|')) return is_hash_of(name, pattern);
    return lower_ascii(name) == pattern;
}

bool names_host(std::string_view names, std::string_view pattern)
{
    const auto all = split(names, ',');
    return std::ranges::any_of(all, [&](auto name) { return is_name_of(name, pattern); });
}

struct Line {
    std::string_view marker;  // "@revoked", "@cert-authority" or empty
    std::string_view names;
    HostKey key;
};

std::optional<Line> parse_line(std::string_view text)
{
    auto words = words_of(text);
    Line line;
    if (!words.empty() && words.front().starts_with('@')) {
        line.marker = words.front();
        words.erase(words.begin());
    }
    if (words.size() < 3 || words.front().starts_with('#')) return std::nullopt;
    auto key = parse_host_key(std::string{words[1]} + ' ' + std::string{words[2]});
    if (!key) return std::nullopt;
    line.names = words[0];
    line.key = std::move(*key);
    return line;
}

Result<std::string> read_file(const std::string& file)
{
    std::error_code missing;
    if (!std::filesystem::exists(file, missing)) return std::string{};
    auto text = read_regular_file(file, file_bytes_max);
    if (text) return text;
    const bool is_our_shortage = text.error().code() == Errc::unavailable;
    return fail(Error{is_our_shortage ? Errc::unavailable : Errc::internal,
                      "the file of known SSH hosts cannot be read"}
                    .with_detail(file + ": " + text.error().public_message()));
}

/// `text` without what it says about the host `pattern`. Markers stay: a revoked key stays revoked.
std::string without_host(std::string_view text, std::string_view pattern)
{
    std::string kept;
    for (const auto raw : split(text, '\n')) {
        const auto line = parse_line(raw);
        if (!line || !line->marker.empty() || !names_host(line->names, pattern)) {
            kept.append(raw).push_back('\n');
            continue;
        }
        std::vector<std::string> others;
        for (const auto name : split(line->names, ',')) {
            if (!is_name_of(name, pattern)) others.emplace_back(name);
        }
        if (!others.empty()) kept += join(others, ",") + ' ' + line->key.text() + '\n';
    }
    while (kept.ends_with("\n\n") || kept == "\n") kept.pop_back();
    return kept;
}

Status replace_file(const std::string& file, const std::string& text)
{
    const auto broken = [&file](const char* what) {
        return fail(
            Error{Errc::internal, "the file of known SSH hosts cannot be written"}.with_detail(
                file + ": " + what + ": " + std::strerror(errno)));
    };
    const std::string next = file + ".new";
    ::unlink(next.c_str());
    const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return broken("create");
    std::size_t done = 0;
    bool ok = true;
    while (ok && done < text.size()) {
        const auto written = ::write(fd, text.data() + done, text.size() - done);
        ok = written > 0;
        if (ok) done += static_cast<std::size_t>(written);
    }
    ok = ok && ::fsync(fd) == 0;
    ok = ::close(fd) == 0 && ok;
    if (!ok || ::rename(next.c_str(), file.c_str()) != 0) {
        auto error = broken("write");
        ::unlink(next.c_str());
        return error;
    }
    return {};
}

}  // namespace

std::string HostKey::fingerprint() const
{
    const auto digest = sha256(from_base64(base64).value_or(std::string{}));
    auto text = to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
    text.erase(text.find_last_not_of('=') + 1);
    return "SHA256:" + text;
}

Result<HostKey> parse_host_key(std::string_view text)
{
    const auto bad = [] { return fail(Errc::invalid_argument, "that is not an SSH public key"); };
    const auto words = words_of(text);
    if (words.size() < 2) return bad();
    const auto blob = from_base64(words[1]);
    if (!blob) return bad();
    // The wire form begins with the type once more: a length of four bytes, then the name.
    const auto type = words[0];
    if (blob->size() < 4 + type.size() || std::string_view{*blob}.substr(4, type.size()) != type) {
        return bad();
    }
    return HostKey{.type = std::string{type}, .base64 = std::string{words[1]}};
}

std::string host_pattern(std::string_view host, std::uint16_t port)
{
    const auto name = lower_ascii(host);
    return port == 22 ? name : '[' + name + "]:" + std::to_string(port);
}

Result<KnownHosts> KnownHosts::read(const std::string& file)
{
    TAILOPS_TRY(const auto text, read_file(file));
    return parse(text);
}

KnownHosts KnownHosts::parse(std::string_view text)
{
    KnownHosts known;
    for (const auto raw : split(text, '\n')) {
        auto line = parse_line(raw);
        if (!line || (!line->marker.empty() && line->marker != "@revoked")) continue;
        known.entries_.push_back({.names = std::string{line->names},
                                  .key = std::move(line->key),
                                  .revoked = !line->marker.empty()});
    }
    return known;
}

Trust KnownHosts::trust(std::string_view host, std::uint16_t port, const HostKey& key) const
{
    const auto pattern = host_pattern(host, port);
    auto found = Trust::unknown;
    for (const auto& entry : entries_) {
        // A revoked key is refused whatever host it is listed for: nobody should show it any more.
        if (entry.revoked && entry.key == key) return Trust::revoked;
        if (entry.revoked || !names_host(entry.names, pattern)) continue;
        if (entry.key == key) {
            found = Trust::known;
        } else if (found == Trust::unknown) {
            found = Trust::changed;
        }
    }
    return found;
}

std::vector<std::string> KnownHosts::key_types(std::string_view host, std::uint16_t port) const
{
    const auto pattern = host_pattern(host, port);
    std::vector<std::string> types;
    for (const auto& entry : entries_) {
        if (!entry.revoked && names_host(entry.names, pattern)) types.push_back(entry.key.type);
    }
    return types;
}

std::vector<std::string> KnownHosts::fingerprints(std::string_view host, std::uint16_t port) const
{
    const auto pattern = host_pattern(host, port);
    std::vector<std::string> out;
    for (const auto& entry : entries_) {
        if (entry.revoked || !names_host(entry.names, pattern)) continue;
        out.push_back(entry.key.fingerprint());
    }
    return out;
}

Status trust_host_key(const std::string& file,
                      std::string_view host,
                      std::uint16_t port,
                      const HostKey& key)
{
    TAILOPS_TRY(const auto before, read_file(file));
    const auto pattern = host_pattern(host, port);
    auto text = without_host(before, pattern);
    text += pattern + ' ' + key.text() + '\n';
    return replace_file(file, text);
}

}  // namespace tailops::targets::ssh
