#pragma once

#include "gateway/doors/routes.hpp"
#include "tests/support/run.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The router without a socket: what stands behind it and who asks it.
namespace tailops::http {

/// Keeps the answer.
class FakeExchange final : public http::Exchange {
public:
    Task<Status> reply(http::Reply reply) override
    {
        got = std::move(reply);
        co_return Status{};
    }
    Task<Status> begin_events(http::Headers extra) override
    {
        got.headers = std::move(extra);
        co_return Status{};
    }
    Task<Status> event(std::string_view, std::string_view) override { co_return Status{}; }
    Task<Status> prime(std::string_view, std::chrono::milliseconds) override { co_return Status{}; }
    Task<Status> keep_alive() override { co_return Status{}; }

    std::string header(std::string_view name) const
    {
        for (const auto& [key, value] : got.headers) {
            if (key == name) return value;
        }
        return "";
    }

    http::Reply got;
};

/// Knows one token, "good"; "down" stands for an authorization server that is away.
class FakeAuthenticator final : public auth::Authenticator {
public:
    Task<Result<auth::Identity>> authenticate(Secret token, Deadline) override
    {
        ++asked;
        auto answer = answer_to(token.reveal());
        co_return answer;
    }
    int asked{0};
    bool is_revoked{false};

private:
    Result<auth::Identity> answer_to(std::string_view token) const
    {
        if (token == "down") return fail(Errc::unreachable, "the authorization server is away");
        if (token == "late") return fail(Errc::deadline_exceeded, "no answer in time");
        if (token == "bug") return fail(Error{Errc::internal, "oops"}.with_detail("secret detail"));
        const bool is_good = token == "good" && !is_revoked;
        if (!is_good && !token.empty()) return fail(Errc::unauthenticated, "token expired");
        auth::Identity identity;
        identity.expires = TimePoint::max();
        identity.subject = SubjectId{token.empty() ? "anonymous" : "alice"};
        return identity;
    }
};

struct Gateway {
    std::shared_ptr<FakeAuthenticator> authenticator{std::make_shared<FakeAuthenticator>()};
    std::vector<std::string> reasons;
    mcp::Inbound served;
    doors::RouterSettings settings;

    Gateway()
    {
        settings.mcp.authenticator = authenticator;
        settings.mcp.challenge.resource_metadata_url = "http://gw/.well-known/x";
        settings.mcp.admit = [](auth::Identity identity) {
            auth::Principal principal;
            principal.identity = std::move(identity);
            principal.roles = {"operator"};
            return principal;
        };
        settings.mcp.serve = [this](mcp::Inbound inbound, http::Exchange& exchange) {
            served = std::move(inbound);
            return answer_ok(exchange);
        };
        settings.not_ready = [this] { return reasons; };
        settings.metrics = [] { return std::string{"requests 3\n"}; };
        settings.resource_metadata = R"({"resource":"http://gw/mcp"})";
    }

    static Task<void> answer_ok(http::Exchange& exchange)
    {
        http::Reply reply;
        reply.body = "served";
        co_await exchange.reply(std::move(reply));
    }
};

/// A body that is there, or cannot be had.
class FakeBody final : public RequestBody {
public:
    explicit FakeBody(std::optional<std::string> text) : text_{std::move(text)} {}
    Task<std::optional<std::string>> whole() override
    {
        ++asked;
        co_return text_;
    }
    Task<std::optional<std::string>> next() override { return whole(); }
    int asked{0};

private:
    const std::optional<std::string> text_;
};

inline Request request(std::string method, std::string path, http::Headers headers = {})
{
    Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.headers = std::move(headers);
    made.peer = "127.0.0.1";
    static FakeBody empty{""};
    made.body = &empty;
    return made;
}

inline FakeExchange& ask(const Handler& handler, FakeExchange& exchange, Request what)
{
    tailops::testing::run([&](Runtime&) { return handler(std::move(what), exchange); }, 1);
    return exchange;
}

inline int status(const Handler& handler, std::string method, std::string path)
{
    FakeExchange exchange;
    return ask(handler, exchange, request(std::move(method), std::move(path))).got.status;
}

}  // namespace tailops::http
