#pragma once

#include "auth/introspection.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/auth/fakes.hpp"

#include <stdexcept>
#include <string>

namespace tailops::auth {

inline constexpr auto issuer = "https://idp.example.ts.net";
inline constexpr auto audience = "https://gw.example.com/mcp";
inline constexpr auto introspect = "/introspect";

/// An introspector before a server that knows the tokens "good" and "good…".
struct World {
    std::shared_ptr<testing::FakeServer> server = std::make_shared<testing::FakeServer>();
    std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
    IntrospectionSettings settings;
    nlohmann::json scopes_supported{"openid", "email", "profile"};
    nlohmann::json good;

    World()
    {
        settings.issuer = issuer;
        settings.client_id = "gateway";
        settings.client_secret = Secret{"s3cret"};
        settings.audience = {audience};
        good = {{"active", true},
                {"iss", issuer},
                {"sub", "1001"},
                {"username", "alice@example.com"},
                {"client_id", "assistant"},
                {"aud", {"assistant", audience}},
                {"exp", clock->seconds + 300},
                {"scope", "openid system:read"}};
        server->answer = [this](const net::HttpRequest& request) { return answer(request); };
    }

    Result<net::HttpResponse> answer(const net::HttpRequest& request) const
    {
        if (request.target == "/.well-known/openid-configuration") {
            return testing::http(200, {{"issuer", issuer},
                                       {"introspection_endpoint", std::string{issuer} + introspect},
                                       {"scopes_supported", scopes_supported}});
        }
        if (request.target != introspect) return testing::http(404, "{}");
        return testing::http(
            200, request.body.starts_with("token=good") ? good : nlohmann::json{{"active", false}});
    }

    std::shared_ptr<Introspector> make(Runtime& runtime)
    {
        auto made =
            Introspector::create(std::move(settings), testing::FakeHttpClient::connect(server),
                                 runtime.io.get_executor(), clock);
        if (!made) throw std::runtime_error{made.error().describe()};
        return *made;
    }
};

/// Parameters are views: GCC 12 destroys converted arguments of an awaited call twice. `who` must
/// outlive the task.
template <class T>
Task<Result<Identity>> check(const std::shared_ptr<T>& who, std::string_view token)
{
    return who->authenticate(Secret{std::string{token}}, after(std::chrono::seconds{10}));
}

/// Runs one authentication against a fresh introspector.
inline Result<Identity> once(World& world, std::string token)
{
    return testing::run([&](Runtime& runtime) -> Task<Result<Identity>> {
        const auto introspector = world.make(runtime);
        co_return co_await check(introspector, token);
    });
}

}  // namespace tailops::auth
