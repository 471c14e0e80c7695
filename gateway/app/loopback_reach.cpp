#include "gateway/app/loopback_reach.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <optional>

namespace tailops::app {
namespace {

using namespace std::chrono_literals;

// A local socket answers at once or not at all.
constexpr auto localapi_timeout = 3s;
// The status of a tailnet of some ten thousand machines; without peers it is a few KB.
constexpr std::size_t localapi_bytes_max = 16 * 1024 * 1024;

bool is_socket(const std::string& path)
{
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

bool trusts_loopback_peers(const config::Settings& settings)
{
    const auto& proxies = settings.trusted_proxies;
    return proxies.contains("127.0.0.1") || proxies.contains("::1");
}

/// GET /localapi/v0/status of tailscaled, without its peers.
Task<Result<net::HttpResponse>> ask_status(std::string socket_path)
{
    net::HttpEndpoint endpoint{.host = "local-tailscaled.sock",
                               .port = 0,
                               .socket_path = std::move(socket_path),
                               .tls = false};
    TAILOPS_CO_TRY(const auto client, net::HttpClient::create(std::move(endpoint)));
    net::HttpRequest request;
    request.target = "/localapi/v0/status?peers=false";
    request.body_limit_bytes = localapi_bytes_max;
    auto answer = co_await client->send(std::move(request), after(localapi_timeout));
    co_return answer;
}

/// Whether tailscaled has a network device of its own, so that the kernel keeps tailnet and
/// loopback apart.
Result<bool> has_network_device(const std::string& socket_path)
{
    boost::asio::io_context io;
    std::optional<Result<net::HttpResponse>> answer;
    boost::asio::co_spawn(io, ask_status(socket_path),
                          [&](std::exception_ptr thrown, Result<net::HttpResponse> got) {
                              if (!thrown) answer = std::move(got);
                          });
    io.run();
    if (!answer || !*answer) {
        return fail(Errc::unreachable, "tailscaled does not answer on its socket");
    }
    const auto& response = **answer;
    if (response.status != 200) {
        return fail(Errc::unreachable,
                    "tailscaled answered its status with HTTP " + std::to_string(response.status));
    }
    TAILOPS_TRY(const auto status, parse_json(response.body));
    return field<bool>(status, "TUN");
}

}  // namespace

Status check_loopback_reach(const config::Settings& settings)
{
    if (!settings.first_port()) return {};  // nothing to forward to
    const bool none = settings.auth.mode == config::AuthMode::none;
    if (!none && !trusts_loopback_peers(settings)) return {};
    // Nothing of tailscaled runs here: there is nobody who would forward.
    if (!is_socket(settings.tailscaled_socket)) return {};
    const std::string what = none ? "auth.mode none" : "trusted_proxies with a loopback address";
    const auto has_device = has_network_device(settings.tailscaled_socket);
    if (!has_device) {
        return fail(Error{Errc::unreachable,
                          what +
                              " trusts whoever connects over loopback, and tailscaled on this "
                              "machine does not say whether it forwards the tailnet there (" +
                              has_device.error().public_message() +
                              "); see `tailscale status`, or set tailscaled_socket in gateway.yaml"}
                        .with_detail(settings.tailscaled_socket));
    }
    if (*has_device) return {};
    return fail(
        Errc::invalid_argument,
        what +
            " trusts whoever connects over loopback, and tailscaled runs in userspace mode "
            "here: it hands every connection of the tailnet to this machine on to 127.0.0.1; " +
            (none ? "use auth.mode oidc or token" : "take the loopback addresses out") +
            ", listen on a Unix socket instead (unix:/PATH)"
            ", or give tailscaled a network device (/dev/net/tun)");
}

}  // namespace tailops::app
