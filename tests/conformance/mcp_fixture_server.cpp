// The server that the official conformance suites test: fixtures of theirs on the gateway's own
// protocol and HTTP libraries. No authentication, so it serves loopback only.
//
//     mcp_fixture_server --listen 127.0.0.1:0
//
// Prints {"url": "http://127.0.0.1:PORT/mcp"} once it listens; ends on SIGTERM or SIGINT.
#include "gateway/async/runtime.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/request_id.hpp"
#include "gateway/doors/mcp/endpoint.hpp"
#include "gateway/doors/mcp/refusal_shape.hpp"
#include "gateway/http/router.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/conformance/fixture_service.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace tailops::fixture {
namespace {

namespace asio = boost::asio;

Result<http::ListenAddress> loopback_address(const std::string& text)
{
    auto parsed = config::parse_listen_address(text);
    if (!parsed) return fail(std::move(parsed).error());
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(parsed->host, bad);
    if (bad || !address.is_loopback()) {
        return fail(Errc::invalid_argument,
                    "--listen must be a loopback address, e.g. 127.0.0.1:0");
    }
    return http::ListenAddress{parsed->host, parsed->port};
}

auth::Principal anyone()
{
    auth::Principal principal;
    principal.identity.issuer = "fixture";
    principal.identity.subject = SubjectId{"anyone"};
    return principal;
}

Task<void> serve(mcp::Endpoint& endpoint, http::Request request, http::Exchange& exchange)
{
    auto body = co_await request.body->whole();
    if (!body) co_return;
    mcp::Inbound inbound{.method = std::move(request.method),
                         .headers = std::move(request.headers),
                         .body = *std::move(body),
                         .principal = anyone(),
                         .id = mint_request_id()};
    co_await endpoint.serve(std::move(inbound), exchange);
}

Status run(const std::string& listen)
{
    auto address = loopback_address(listen);
    if (!address) return fail(std::move(address).error());
    Runtime runtime{2, 2};
    const Clock clock;
    auto store = store::SqliteStore::open({.path = ":memory:"});
    if (!store) return fail(std::move(store).error());
    FixtureService service;
    mcp::EndpointSettings settings{.server_name = "tailops-fixture", .server_version = "1.0.0"};
    settings.tasks.emplace(mcp::TaskSettings{.store = **store, .blocking = runtime.blocking});
    mcp::Endpoint endpoint{service, clock, std::move(settings)};
    service.publish = [&endpoint](const service::Change& change) { endpoint.publish(change); };
    http::ServerSettings server_settings;
    server_settings.listen = {*address};
    server_settings.refusal = mcp::refusal_shape;
    auto server = http::Server::start(
        runtime.io.get_executor(), std::move(server_settings),
        http::make_router({{"/mcp",
                            {"GET", "POST", "DELETE"},
                            [&endpoint](http::Request request, http::Exchange& exchange) {
                                return serve(endpoint, std::move(request), exchange);
                            }}},
                          mcp::refusal_shape));
    if (!server) return fail(std::move(server).error());
    const auto endpoint_url = "http://" + address->host + ':' +
                              std::to_string((*server)->endpoints().front().port()) + "/mcp";
    std::cout << json{{"url", endpoint_url}}.dump() << std::endl;
    asio::signal_set signals{runtime.io, SIGTERM, SIGINT};
    signals.async_wait([&](boost::system::error_code, int) {
        endpoint.drain();
        endpoint.end_sessions();
        asio::co_spawn(asio::make_strand(runtime.io), (*server)->stop(),
                       [&runtime](std::exception_ptr) { runtime.io.stop(); });
    });
    runtime.run();
    return {};
}

}  // namespace
}  // namespace tailops::fixture

int main(int argc, char** argv)
{
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    if (arguments.size() != 2 || arguments[0] != "--listen") {
        std::cerr << "usage: mcp_fixture_server --listen 127.0.0.1:PORT\n";
        return 2;
    }
    if (const auto served = tailops::fixture::run(arguments[1]); !served) {
        std::cerr << "mcp_fixture_server: " << served.error().describe() << '\n';
        return 1;
    }
    return 0;
}
