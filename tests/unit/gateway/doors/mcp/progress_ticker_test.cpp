#include "gateway/service/progress_ticker.hpp"

#include "gateway/async/deadline.hpp"
#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

using namespace std::chrono_literals;

McpCaller::Terms terms(std::optional<MessageId> progress_token)
{
    McpCaller::Terms out{.principal = {}, .request = RequestId{"r1"}};
    out.progress_token = std::move(progress_token);
    return out;
}

TEST(ProgressTicker, TellsWhoAskedUntilTheCallIsOver)
{
    testing::run([](Runtime&) -> Task<void> {
        const auto home = co_await boost::asio::this_coro::executor;
        const auto outbox = std::make_shared<Outbox>(1);
        const auto reader = *outbox->attach(Outbox::Takeover::refuse);
        McpCaller caller{terms(MessageId{"p"}), outbox};
        std::vector<std::string> heard;
        {
            const service::ProgressTicker pulse{home, caller, 1ms};
            while (heard.size() < 2) {
                co_await outbox->wait(reader, Deadline::max());
                while (auto next = outbox->take(reader)) heard.push_back(next->content.body);
            }
        }
        double before = -1;
        for (const auto& text : heard) {
            const auto message = parse_json(text).value();
            const auto& params = message.at("params");
            EXPECT_EQ(message.at("method"), "notifications/progress");
            EXPECT_EQ(params.at("progressToken"), "p");
            EXPECT_NE(std::string{params.at("message")}.find("run r1"), std::string::npos);
            EXPECT_GT(double{params.at("progress")}, before);
            before = params.at("progress");
        }
    });
}

TEST(ProgressTicker, SaysNothingToWhoDidNotAsk)
{
    testing::run([](Runtime&) -> Task<void> {
        const auto home = co_await boost::asio::this_coro::executor;
        const auto outbox = std::make_shared<Outbox>(1);
        McpCaller caller{terms(std::nullopt), outbox};
        const service::ProgressTicker pulse{home, caller, 0ms};
        boost::asio::steady_timer rest{home, 5ms};
        co_await rest.async_wait(boost::asio::use_awaitable);
        EXPECT_TRUE(outbox->is_empty());
    });
}

}  // namespace
}  // namespace tailops::mcp
