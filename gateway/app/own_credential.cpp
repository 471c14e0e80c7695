#include "gateway/app/own_credential.hpp"

#include "targets/credentials/credentials.hpp"

namespace tailops::app {

Result<Secret> own_credential(std::string_view setting,
                              const targets::CredentialReference& reference,
                              const targets::Environment& environment)
{
    auto secret = targets::resolve(reference, environment);
    if (secret) return secret;
    // Keys are of our own making; the rest somebody else has given out.
    const bool is_key = setting.ends_with("key");
    return fail(Error{Errc::invalid_argument,
                      std::string{setting} + ": " + secret.error().public_message() +
                          "; put it there" + (is_key ? " (`openssl rand -hex 32` makes one)" : "") +
                          ", or change " + std::string{setting} + " in gateway.yaml"}
                    .with_detail(secret.error().detail()));
}

}  // namespace tailops::app
