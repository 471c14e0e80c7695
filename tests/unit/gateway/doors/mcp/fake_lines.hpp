#pragma once

#include "gateway/doors/mcp/wire/line_client.hpp"
#include "tests/unit/gateway/doors/mcp/fakes.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

/// The client's side of the lines, in memory.
class FakeLines : public Lines {
public:
    explicit FakeLines(Bell& bell) : bell_{bell} {}

    Task<Result<std::optional<std::string>>> read() override
    {
        co_await bell_.until([this] { return !sent_.empty() || is_closed; });
        if (sent_.empty()) co_return std::optional<std::string>{};
        auto line = std::move(sent_.front());
        sent_.pop_front();
        if (line == too_long) co_return fail(Errc::invalid_argument, "the line is too long");
        co_return std::optional{std::move(line)};
    }
    Task<Status> write(std::string line) override
    {
        EXPECT_EQ(line.find('\n'), std::string::npos);
        auto message = parse_json(line);
        EXPECT_TRUE(message) << line;
        if (message) heard.push_back(*std::move(message));
        bell_.ring();
        co_return Status{};
    }
    void close() override
    {
        is_closed = true;
        bell_.ring();
    }

    void say(std::string line)
    {
        sent_.push_back(std::move(line));
        bell_.ring();
    }
    /// The response to `id`, or the newest message of that method.
    const json* find(const json& wanted) const
    {
        for (const auto& message : heard) {
            const auto* id = find_member(message, wanted.is_string() ? "method" : "id");
            if (id && *id == wanted) return &message;
        }
        return nullptr;
    }

    /// The id of the newest response that has a text as its id, or empty.
    std::string last_id() const
    {
        std::string last;
        for (const auto& message : heard) {
            const auto id = text_member(message, "id");
            if (!id.empty()) last = id;
        }
        return last;
    }

    static constexpr std::string_view too_long = "(too long)";
    std::vector<json> heard;
    bool is_closed{false};

private:
    Bell& bell_;
    std::deque<std::string> sent_;
};

/// A client at the other end of an endpoint's lines.
struct Wire {
    explicit Wire(Bench& around, std::size_t requests_max = 64)
        : bench{around},
          lines{around.bell},
          client{std::make_shared<LineClient>(
              around.endpoint,
              lines,
              LineClient::Settings{.admit = [] { return Bench::principal("alice"); },
                                   .requests_max = requests_max})}
    {
    }

    Task<void> start()
    {
        const auto home = co_await asio::this_coro::executor;
        asio::co_spawn(home, client->run(), [this](std::exception_ptr thrown) {
            EXPECT_FALSE(thrown);
            is_over = true;
            bench.bell.ring();
        });
    }
    Task<const json*> answer_to(json wanted)
    {
        co_await bench.bell.until([&] { return lines.find(wanted) != nullptr; });
        co_return lines.find(wanted);
    }
    Task<void> end()
    {
        lines.close();
        co_await bench.bell.until([&] { return is_over; });
    }

    Bench& bench;
    FakeLines lines;
    std::shared_ptr<LineClient> client;
    bool is_over{false};
};

inline std::string call(std::string_view tool, json id)
{
    return Bench::modern_body("tools/call", {{"name", tool}, {"arguments", json::object()}},
                              std::move(id));
}

inline std::string cancelled(json id)
{
    return json{{"jsonrpc", "2.0"},
                {"method", "notifications/cancelled"},
                {"params", {{"requestId", std::move(id)}}}}
        .dump();
}

inline std::string modern_cancelled(json id)
{
    auto message = parse_json(cancelled(std::move(id))).value();
    auto& meta = message["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
    meta["io.modelcontextprotocol/clientCapabilities"] = json::object();
    return message.dump();
}

inline std::string initialize(json id = 1)
{
    json params;
    params["protocolVersion"] = "2025-11-25";
    params["capabilities"] = json::object();
    params["clientInfo"] = {{"name", "c"}, {"version", "1"}};
    return Bench::legacy_body("initialize", std::move(params), std::move(id));
}

inline void on_wire(std::function<Task<void>(Wire&)> body, std::size_t requests_max = 64)
{
    on_bench([&](Bench& bench) -> Task<void> {
        Wire wire{bench, requests_max};
        co_await wire.start();
        co_await body(wire);
        bench.service.release();
        co_await wire.end();
    });
}

}  // namespace tailops::mcp::testing
