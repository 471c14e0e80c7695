#include "targets/ssh/key.hpp"

#include "gateway/core/file_descriptor.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/connect.hpp"

#include <libssh/libssh.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace tailops::targets::ssh {
namespace {

constexpr std::size_t key_bytes_max = 64 * 1024;

std::unexpected<Error> unusable(const std::string& target,
                                const std::string& why,
                                std::string detail)
{
    return fail(
        Error{Errc::unauthorized_there, "the SSH key for target " + quote(target) + " " + why}
            .with_detail(std::move(detail)));
}

Result<Secret> read_key_file(const std::string& target, const std::string& path)
{
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file.is_open() && (errno == EMFILE || errno == ENFILE)) {
        return fail(net::our_shortage({errno, boost::system::system_category()}));
    }
    struct stat info{};
    if (!file.is_open() || ::fstat(file.get(), &info) != 0) {
        return unusable(target, "cannot be read", path + ": " + std::strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) return unusable(target, "is not in a regular file", path);
    // As ssh does: a key of ours is nobody else's to read. One that another user owns (a service
    // manager's credential) may be shared with a group, never with everybody.
    const auto forbidden = info.st_uid == ::geteuid() ? 077U : 007U;
    if ((info.st_mode & forbidden) != 0) {
        return unusable(target, "is readable by others; set its file's mode to 0600", path);
    }
    if (info.st_size <= 0 || static_cast<std::size_t>(info.st_size) > key_bytes_max) {
        return unusable(target, "is empty or too large", path);
    }
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    const auto got = ::read(file.get(), text.data(), text.size());
    Secret secret{std::move(text)};
    if (got != info.st_size) return unusable(target, "cannot be read", path);
    return secret;
}

/// `secret` with a final NUL, as libssh wants it.
Secret terminated(const Secret& secret)
{
    std::string text;
    text.reserve(secret.reveal().size() + 1);
    text.append(secret.reveal()).push_back('\0');
    return Secret{std::move(text)};
}

/// Notes that libssh would have asked for a passphrase; answers none.
// NOLINTNEXTLINE(readability-function-size): the parameters are those of ssh_auth_callback
int note_encrypted(const char* /*prompt*/,
                   char* /*answer*/,
                   size_t /*size*/,
                   int /*echo*/,
                   int /*verify*/,
                   void* asked)
{
    *static_cast<bool*>(asked) = true;
    return SSH_ERROR;
}

Result<KeyHandle> import_key(const std::string& target,
                             const Secret& text,
                             const SshCredentials& credentials)
{
    const auto key_text = terminated(text);
    ssh_key raw = nullptr;
    bool encrypted = false;
    auto imported = ssh_pki_import_privkey_base64(key_text.reveal().data(), nullptr, note_encrypted,
                                                  &encrypted, &raw);
    if (imported != SSH_OK && encrypted) {
        if (!credentials.passphrase) {
            return unusable(target, "is encrypted and no passphrase is configured", "");
        }
        TAILOPS_TRY(const Secret passphrase, credentials.passphrase());
        imported = ssh_pki_import_privkey_base64(key_text.reveal().data(),
                                                 terminated(passphrase).reveal().data(), nullptr,
                                                 nullptr, &raw);
        if (imported != SSH_OK) {
            return unusable(target, "does not open with the configured passphrase", "");
        }
    }
    if (imported != SSH_OK) return unusable(target, "is not a private key that we can read", "");
    return KeyHandle{raw};
}

/// The key together with the certificate beside its file; null when there is none that fits.
KeyHandle certify(const ssh_key_struct* key, const std::string& key_path)
{
    ssh_key raw = nullptr;
    const auto certificate_path = key_path + "-cert.pub";
    if (!require_regular_file(certificate_path)) return nullptr;
    if (ssh_pki_import_cert_file(certificate_path.c_str(), &raw) != SSH_OK) return nullptr;
    const KeyHandle certificate{raw};
    KeyHandle certified{ssh_key_dup(const_cast<ssh_key>(key))};
    if (!certified) return nullptr;
    if (ssh_pki_copy_cert_to_privkey(certificate.get(), certified.get()) != SSH_OK) return nullptr;
    return certified;
}

}  // namespace

Result<UserKey> read_user_key(const std::string& target,
                              const std::string& key_path,
                              const SshCredentials& credentials)
{
    std::optional<Secret> text;
    if (credentials.key) {
        TAILOPS_TRY(auto given, credentials.key());
        text.emplace(std::move(given));
    } else if (key_path.empty()) {
        return unusable(target, "is not configured", "neither key_path nor key");
    } else {
        TAILOPS_TRY(auto given, read_key_file(target, key_path));
        text.emplace(std::move(given));
    }
    UserKey key;
    TAILOPS_TRY(key.plain, import_key(target, *text, credentials));
    if (!credentials.key) key.certified = certify(key.plain.get(), key_path);
    return key;
}

}  // namespace tailops::targets::ssh
