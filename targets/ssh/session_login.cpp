#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/ssh/session.hpp"

#include <libssh/libssh.h>

#include <algorithm>

// What a session does before it carries commands: who the server is, and who we are.

namespace tailops::targets::ssh {
namespace {

// Of what a server says with a refusal; Tailscale's longest sentence with its URL has about 120.
constexpr std::size_t server_words_max = 300;

}  // namespace

Result<HostKey> Session::host_key() const
{
    ssh_key key = nullptr;
    char* base64 = nullptr;
    if (ssh_get_server_publickey(raw(), &key) != SSH_OK) {
        return fail(Errc::internal, "the server's key is not known");
    }
    const KeyHandle owner{key};
    if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) {
        return fail(Errc::internal, "the server's key cannot be read");
    }
    const std::unique_ptr<char, void (*)(char*)> text{base64, ssh_string_free_char};
    const char* type = ssh_key_type_to_char(ssh_key_type(key));
    if (ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P256 ||
        ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P384 ||
        ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P521) {
        type = ssh_pki_key_ecdsa_name(key);
    }
    return HostKey{.type = type, .base64 = text.get()};
}

Task<Status> Session::log_in(const UserKey& key, Deadline deadline)
{
    if (!key.certified && !key.plain) {
        const auto ask = [this] { return ssh_userauth_none(raw(), nullptr); };
        TAILOPS_CO_TRY(const bool accepted, co_await try_to_log_in(ask, deadline));
        if (accepted) co_return Status{};
    }
    for (auto* const offered : {key.certified.get(), key.plain.get()}) {
        if (offered == nullptr) continue;
        const auto ask = [this, offered] {
            return ssh_userauth_publickey(raw(), nullptr, offered);
        };
        TAILOPS_CO_TRY(const bool accepted, co_await try_to_log_in(ask, deadline));
        if (accepted) co_return Status{};
    }
    const auto words = server_words();
    const auto refused = key.plain ? " refused our SSH key"
                                   : " lets nobody in without a key; give \"key_path\" or \"key\"";
    co_return fail(
        Error{Errc::unauthorized_there,
              "target " + quote(target()) + refused + (words.empty() ? "" : " and said: " + words)}
            .with_detail("user " + introduction_.username + ": " + ssh_get_error(raw())));
}

/// Whether `call` got us in. It answers SSH_AUTH_AGAIN until the server has replied.
template <class Call>
Task<Result<bool>> Session::try_to_log_in(Call call, Deadline deadline)
{
    Listener listener{*this};
    for (;;) {
        const int answer = call();
        if (answer == SSH_AUTH_ERROR && is_open()) {
            close(Error{Errc::unreachable, "target " + quote(target()) + " ended the SSH login"}
                      .with_detail(ssh_get_error(raw())));
        }
        drive();
        if (answer == SSH_AUTH_SUCCESS) co_return true;
        if (!is_open()) co_return fail(login_ended(failure()));
        if (answer != SSH_AUTH_AGAIN) co_return false;  // denied, or more is wanted than this
        switch (co_await listener.wakeup.wait(deadline)) {
        case Wake::rung: break;
        case Wake::cancelled: co_return fail(Errc::cancelled, "the caller went away");
        case Wake::deadline:
            co_return fail(login_ended(
                Error{Errc::deadline_exceeded,
                      "target " + quote(target()) + " did not answer the login in time"}));
        }
    }
}

/// What the server has had us told while we logged in (RFC 4252 section 5.4), in quotes; "" for
/// nothing. Of several such messages the last, which is all that libssh keeps.
std::string Session::server_words() const
{
    const std::unique_ptr<char, void (*)(char*)> banner{ssh_get_issue_banner(raw()),
                                                        ssh_string_free_char};
    if (!banner) return {};
    std::string line{trim(banner.get())};
    std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    if (line.empty()) return {};
    return '"' + escaped_line(line, server_words_max) + '"';
}

/// How a login ended for which the server never sent its refusal. A server that says something and
/// then hangs up, or lets us wait, has refused all the same: Tailscale does so.
Error Session::login_ended(Error without_words) const
{
    const auto words = server_words();
    if (words.empty()) return without_words;
    return Error{Errc::unauthorized_there,
                 "target " + quote(target()) + " did not let us in and said: " + words}
        .because(std::move(without_words));
}

}  // namespace tailops::targets::ssh
