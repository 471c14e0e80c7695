#include "targets/credentials/credentials.hpp"

#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"

#include <sys/stat.h>

namespace tailops::targets {
namespace {

constexpr std::size_t secret_bytes_max = 64 * 1024;

bool is_open(const std::string& path)
{
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    return (info.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

Result<Secret> read_secret_file(const std::string& path, const std::string& reference)
{
    if (is_open(path)) {
        return fail(Error{Errc::invalid_argument,
                          "the credential " + quote(reference) +
                              " can be read or changed by others; set its file's mode to 0600"}
                        .with_detail(path));
    }
    // Read while a connection is made, on a thread that serves others too: it must not wait.
    auto text = read_regular_file(path, secret_bytes_max);
    if (!text && text.error().code() == Errc::unavailable) {
        return fail(Error{Errc::unavailable, "the gateway cannot read a credential now (" +
                                                 lower_ascii(text.error().public_message()) +
                                                 "); nothing was sent, try again shortly"}
                        .with_detail(path));
    }
    if (!text || text->empty()) {
        const auto why = text ? std::string{"it is empty"} : text.error().public_message();
        return fail(Error{Errc::invalid_argument,
                          "the credential " + quote(reference) + " cannot be read or is empty"}
                        .with_detail(path + ": " + why));
    }
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    return Secret{*std::move(text)};
}

std::optional<std::string> after_prefix(std::string_view text, std::string_view prefix)
{
    if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
    return std::string{text.substr(prefix.size())};
}

bool is_plain_file_name(std::string_view name)
{
    return name.find('/') == std::string_view::npos && name != "." && name != "..";
}

}  // namespace

Result<CredentialReference> parse_credential_reference(std::string_view text)
{
    using Source = CredentialReference::Source;
    if (auto name = after_prefix(text, "env:")) {
        return CredentialReference{Source::environment, *std::move(name)};
    }
    if (text.starts_with("${") && text.ends_with('}') && text.size() > 3) {
        return CredentialReference{Source::environment,
                                   std::string{text.substr(2, text.size() - 3)}};
    }
    if (auto path = after_prefix(text, "file:"); path && path->starts_with('/')) {
        return CredentialReference{Source::file, *std::move(path)};
    }
    if (auto name = after_prefix(text, "systemd:"); name && is_plain_file_name(*name)) {
        return CredentialReference{Source::systemd, *std::move(name)};
    }
    // The word itself may be the secret, written here by mistake: it is not repeated.
    return fail(Errc::invalid_argument,
                "a credential is written as a reference: env:NAME, file:/path or systemd:name");
}

Result<Secret> resolve(const CredentialReference& reference, const Environment& environment)
{
    switch (reference.source) {
    case CredentialReference::Source::environment: {
        auto value = environment(reference.name);
        if (value && !value->empty()) return Secret{*std::move(value)};
        return fail(Errc::invalid_argument,
                    "the environment variable " + quote(reference.name) + " is not set");
    }
    case CredentialReference::Source::file:
        return read_secret_file(reference.name, reference.text());
    case CredentialReference::Source::systemd: {
        const auto directory = environment("CREDENTIALS_DIRECTORY");
        if (!directory) {
            return fail(Errc::invalid_argument, "the credential " + quote(reference.text()) +
                                                    " needs LoadCredential= in the systemd unit");
        }
        return read_secret_file(*directory + '/' + reference.name, reference.text());
    }
    }
    return fail(Errc::internal, "unknown credential source");
}

bool is_open_to_others(const CredentialReference& reference, const Environment& environment)
{
    using Source = CredentialReference::Source;
    if (reference.source == Source::file) return is_open(reference.name);
    const auto directory = environment("CREDENTIALS_DIRECTORY");
    return reference.source == Source::systemd && directory &&
           is_open(*directory + '/' + reference.name);
}

void learn(SecretRegistry& registry, const Secret& secret, const std::string& user)
{
    registry.add(secret);
    if (!user.empty()) registry.add(Secret{user + ':' + std::string{secret.reveal()}});
}

}  // namespace tailops::targets
