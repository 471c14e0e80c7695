#pragma once

#include "auth/http_connect.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/core/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tailops::testing {

class FakeClock : public Clock {
public:
    TimePoint now() const override { return TimePoint{std::chrono::seconds{seconds}}; }
    std::atomic<std::int64_t> seconds{1'800'000'000};
};

/// A door that tests open when they have seen what they wanted to see.
class Door {
public:
    void open() { open_ = true; }
    /// Waits for the door, at most until `deadline`.
    Task<bool> pass(Deadline deadline)
    {
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        while (!open_) {
            if (std::chrono::steady_clock::now() >= deadline) co_return false;
            timer.expires_after(std::chrono::milliseconds{1});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        co_return true;
    }

private:
    std::atomic<bool> open_{false};
};

/// An authorization server in memory: answers through `answer`, remembers every request.
struct FakeServer {
    std::mutex mutex;
    std::vector<net::HttpRequest> requests;
    std::vector<net::HttpEndpoint> endpoints;
    std::function<Result<net::HttpResponse>(const net::HttpRequest&)> answer;
    std::shared_ptr<Door> door;  // set: introspection waits for it

    std::size_t count(std::string_view target)
    {
        const std::scoped_lock lock{mutex};
        std::size_t found = 0;
        for (const auto& request : requests) found += request.target == target ? 1 : 0;
        return found;
    }
    net::HttpRequest last()
    {
        const std::scoped_lock lock{mutex};
        return requests.back();
    }
};

class FakeHttpClient : public net::HttpClient {
public:
    explicit FakeHttpClient(std::shared_ptr<FakeServer> server) : server_{std::move(server)} {}

    Task<Result<net::HttpResponse>> send(net::HttpRequest request, Deadline deadline) override
    {
        const auto server = server_;
        std::shared_ptr<Door> door;
        {
            const std::scoped_lock lock{server->mutex};
            server->requests.push_back(request);
            if (request.method == "POST") door = server->door;
        }
        if (door && !co_await door->pass(deadline)) {
            co_return fail(Errc::deadline_exceeded, "the exchange did not finish in time");
        }
        co_return server->answer(request);
    }

    static auth::HttpConnect connect(std::shared_ptr<FakeServer> server)
    {
        return [server](net::HttpEndpoint endpoint) -> Result<std::shared_ptr<net::HttpClient>> {
            const std::scoped_lock lock{server->mutex};
            server->endpoints.push_back(std::move(endpoint));
            return std::make_shared<FakeHttpClient>(server);
        };
    }

private:
    std::shared_ptr<FakeServer> server_;
};

inline net::HttpResponse http(int status, const nlohmann::json& body)
{
    net::HttpResponse response;
    response.status = status;
    response.body = body.is_string() ? body.get<std::string>() : body.dump();
    return response;
}

}  // namespace tailops::testing
