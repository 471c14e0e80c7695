#include "targets/kinds.hpp"

#include "gateway/core/try.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/docker/docker_kind.hpp"
#include "targets/http/http_kind.hpp"
#include "targets/local/local_kind.hpp"
#include "targets/ssh/ssh_kind.hpp"

#include <array>

namespace tailops::targets {

CredentialReader credential_reader(const std::optional<CredentialReference>& reference,
                                   const ExecutorContext& context,
                                   const std::string& user)
{
    if (!reference) return {};
    return [reference = *reference, environment = context.environment, secrets = context.secrets,
            user]() -> Result<Secret> {
        TAILOPS_TRY(auto secret, resolve(reference, environment));
        if (secrets) learn(*secrets, secret, user);
        return secret;
    };
}

void add_credential(std::vector<NamedCredential>& out,
                    std::string key,
                    const std::optional<CredentialReference>& reference,
                    const std::string& user)
{
    if (reference) out.push_back({std::move(key), *reference, reference->text(), user});
}

void add_credential_file(std::vector<NamedCredential>& out,
                         std::string key,
                         const std::string& path)
{
    if (path.empty()) return;
    out.push_back({std::move(key), {CredentialReference::Source::file, path}, path});
}

std::span<const KindDescriptor> kinds()
{
    static const std::array<KindDescriptor, 4> rows{local_kind(), ssh_kind(), docker_kind(),
                                                    http_kind()};
    return rows;
}

const KindDescriptor& descriptor_of(Kind kind)
{
    return kinds()[static_cast<std::size_t>(kind)];
}

const KindDescriptor& descriptor_of(const Connection& connection)
{
    return kinds()[connection.index()];
}

}  // namespace tailops::targets
