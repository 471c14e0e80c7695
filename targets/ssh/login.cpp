#include "targets/ssh/login.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <optional>

namespace tailops::targets::ssh {
namespace {

/// What says whether a host key is the right one.
struct Expectation {
    std::optional<HostKey> pinned;
    KnownHosts known;
    std::vector<std::string> types;
};

Result<Expectation> expectation(const Login& login)
{
    const auto& [host, port] = std::pair{login.connection.host, login.connection.port};
    Expectation expected;
    if (!login.connection.host_key.empty()) {
        TAILOPS_TRY(expected.pinned, parse_host_key(login.connection.host_key));
        expected.types = {expected.pinned->type};
        return expected;
    }
    TAILOPS_TRY(expected.known, KnownHosts::read(login.known_hosts_file));
    expected.types = expected.known.key_types(host, port);
    return expected;
}

Trust judge(const Expectation& expected, const SshConnection& connection, const HostKey& key)
{
    if (expected.pinned) return *expected.pinned == key ? Trust::known : Trust::changed;
    return expected.known.trust(connection.host, connection.port, key);
}

Status check_host_key(const Login& login, const Expectation& expected, const HostKey& shown)
{
    const auto name = quote(login.target);
    const auto refuse = [&shown](std::string message) {
        return fail(Error{Errc::unauthorized_there, std::move(message)}.with_detail(
            "it shows " + shown.type + " " + shown.fingerprint()));
    };
    switch (judge(expected, login.connection, shown)) {
    case Trust::known: return {};
    case Trust::unknown:
        return refuse("the SSH host key of " + name + " is not known; run `tailops targets trust " +
                      login.target + "`");
    case Trust::changed:
        if (expected.pinned) {
            return refuse("the SSH host key of " + name +
                          " is not the one configured; confirm it and correct host_key in "
                          "targets.yaml");
        }
        return refuse("the SSH host key of " + name +
                      " changed; confirm it and run `tailops targets trust " + login.target + "`");
    case Trust::revoked: break;
    }
    return refuse("the SSH host key of " + name + " has been revoked");
}

// GCC 12 destroys an aggregate made in an argument of a coroutine's call twice; this is no
// coroutine.
Result<std::shared_ptr<Session>> open_session(Socket socket,
                                              std::string target,
                                              std::string username,
                                              std::vector<std::string> host_key_types)
{
    return Session::over(std::move(socket), {.target = std::move(target),
                                             .username = std::move(username),
                                             .host_key_types = std::move(host_key_types)});
}

}  // namespace

Task<Result<std::shared_ptr<Session>>> reach(std::shared_ptr<const Login> login,
                                             Dial dial,
                                             Deadline deadline)
{
    TAILOPS_CO_TRY(const auto expected, expectation(*login));
    TAILOPS_CO_TRY(auto socket, co_await dial(deadline));
    TAILOPS_CO_TRY(auto session, open_session(std::move(socket), login->target,
                                              login->connection.username, expected.types));
    TAILOPS_CO_CHECK(co_await session->exchange_keys(deadline));
    TAILOPS_CO_TRY(const auto shown, session->host_key());
    TAILOPS_CO_CHECK(check_host_key(*login, expected, shown));
    co_return session;
}

Task<Result<std::shared_ptr<Session>>> log_in(std::shared_ptr<const Login> login,
                                              Dial dial,
                                              std::shared_ptr<const UserKey> key,
                                              Deadline deadline)
{
    TAILOPS_CO_TRY(auto session, co_await reach(std::move(login), std::move(dial), deadline));
    TAILOPS_CO_CHECK(co_await session->log_in(*key, deadline));
    co_return session;
}

Task<Result<HostKey>> fetch_host_key(std::string target, Dial dial, Deadline deadline)
{
    TAILOPS_CO_TRY(auto socket, co_await dial(deadline));
    TAILOPS_CO_TRY(const auto session, open_session(std::move(socket), target, "nobody", {}));
    TAILOPS_CO_CHECK(co_await session->exchange_keys(deadline));
    co_return session->host_key();
}

}  // namespace tailops::targets::ssh
