#include "targets/ssh/host_scan.hpp"

#include "gateway/core/try.hpp"
#include "targets/ssh/known_hosts.hpp"

namespace tailops::targets::ssh {

Task<Result<ScannedHostKey>> scan_host_key(std::shared_ptr<const Login> login,
                                           Dial dial,
                                           Deadline deadline)
{
    TAILOPS_CO_TRY(const auto key, co_await fetch_host_key(login->target, dial, deadline));
    const auto& to = login->connection;
    ScannedHostKey scanned;
    scanned.type = key.type;
    scanned.fingerprint = key.fingerprint();
    scanned.line = host_pattern(to.host, to.port) + ' ' + key.text();
    co_return scanned;
}

Status trust(const std::string& known_hosts_file,
             const std::string& host,
             std::uint16_t port,
             const ScannedHostKey& key)
{
    const auto text = std::string_view{key.line};
    TAILOPS_TRY(const auto parsed, parse_host_key(text.substr(text.find(' ') + 1)));
    return trust_host_key(known_hosts_file, host, port, parsed);
}

}  // namespace tailops::targets::ssh
