#include "gateway/doors/mcp/wire/delivery.hpp"

#include "tests/unit/gateway/doors/mcp/fakes.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

Answer saying(std::string body)
{
    return {.body = std::move(body)};
}

template <class F>
void on_strand(F body)
{
    tailops::testing::run([&](Runtime&) -> Task<void> {
        const auto home = co_await asio::this_coro::executor;
        Bell bell{home};
        FakeExchange exchange{bell};
        co_await body(bell, exchange);
    });
}

std::string texts(const FakeExchange& exchange)
{
    std::string all;
    for (const auto& event : exchange.events) all += event.second + ' ';
    return all;
}

TEST(Outbox, DropsNotificationsThatFindNoRoomButNeverAnswers)
{
    Outbox outbox{1, {.messages_max = 2, .bytes_max = 100}};
    EXPECT_TRUE(outbox.notify("1"));
    EXPECT_TRUE(outbox.notify("2"));
    EXPECT_FALSE(outbox.notify("3"));
    outbox.answer(saying("4"));
    const auto reader = *outbox.attach(Outbox::Takeover::refuse);
    std::string all;
    while (auto next = outbox.take(reader)) all += next->content.body;
    EXPECT_EQ(all, "124");
    EXPECT_TRUE(outbox.is_over(reader));
    EXPECT_FALSE(Outbox(0, {.messages_max = 2, .bytes_max = 3}).notify("four"));
}

TEST(Outbox, ForgetsTheOldestSentFirstWhenItKeeps)
{
    Outbox outbox{0, {.messages_max = 3, .bytes_max = 100}};
    outbox.keep_sent();
    const auto reader = *outbox.attach(Outbox::Takeover::refuse);
    for (const auto* text : {"1", "2", "3", "4", "5"}) {
        EXPECT_TRUE(outbox.notify(text));
        EXPECT_EQ(outbox.take(reader)->content.body, text);
    }
    outbox.rewind_to(4);
    EXPECT_EQ(outbox.take(reader)->number, 5U);
    outbox.rewind_to(0);
    EXPECT_EQ(outbox.take(reader)->number, 3U) << "1 and 2 are gone";
}

TEST(Outbox, HasOneReaderAtATime)
{
    Outbox outbox{0};
    const auto first = outbox.attach(Outbox::Takeover::refuse);
    EXPECT_FALSE(outbox.attach(Outbox::Takeover::refuse));
    const auto second = outbox.attach(Outbox::Takeover::replace);
    EXPECT_TRUE(outbox.is_over(*first));
    EXPECT_FALSE(outbox.is_over(*second));
    outbox.detach(*first);
    EXPECT_TRUE(outbox.has_reader());
    outbox.notify("x");
    EXPECT_FALSE(outbox.take(*first));
    EXPECT_TRUE(outbox.take(*second));
}

TEST(Delivery, IsOneReplyWhenOnlyTheAnswerComes)
{
    on_strand([](Bell&, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        outbox->answer(saying("{}"));
        const DeliveryOptions options;
        EXPECT_TRUE(co_await deliver(outbox, exchange, options));
        EXPECT_EQ(exchange.answer.body, "{}");
    });
}

TEST(Delivery, BecomesAStreamWithTheFirstNotification)
{
    on_strand([](Bell&, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(2);
        outbox->answer(saying("a"));
        outbox->notify("n");
        outbox->answer(saying("b"));
        DeliveryOptions options;
        options.stream = "4";
        EXPECT_TRUE(co_await deliver(outbox, exchange, options));
        EXPECT_EQ(texts(exchange), "a n b ");
        EXPECT_EQ(exchange.events.back().first, "4-3");
    });
}

TEST(Delivery, KeepsNotificationsFromAReaderOfJson)
{
    on_strand([](Bell&, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        outbox->notify("n");
        outbox->answer(saying("a"));
        DeliveryOptions options;
        options.accepts.events = false;
        EXPECT_TRUE(co_await deliver(outbox, exchange, options));
        EXPECT_EQ(exchange.answer.body, "a");
    });
}

TEST(Delivery, EndsWhenTheClientIsGone)
{
    on_strand([](Bell&, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        exchange.state = fail(Errc::cancelled, "gone");
        DeliveryOptions options;
        options.begins_now = true;
        const auto status = co_await deliver(outbox, exchange, options);
        EXPECT_FALSE(status);
        EXPECT_FALSE(outbox->has_reader());
    });
}

Task<Answer> speak(std::shared_ptr<Outbox> outbox, Bell& bell, FakeExchange& exchange)
{
    outbox->notify("1");
    co_await bell.until([&] { return exchange.events.size() == 1; });
    outbox->notify("2");
    co_await bell.until([&] { return exchange.events.size() == 2; });
    co_return saying("answer");
}

TEST(RunAndDeliver, SendsNotificationsAsTheyCome)
{
    on_strand([](Bell& bell, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        const DeliveryOptions options;
        co_await run_and_deliver(speak(outbox, bell, exchange), outbox, exchange, options);
        EXPECT_EQ(texts(exchange), "1 2 answer ");
    });
}

Task<Answer> speak_and_end(std::shared_ptr<Outbox> outbox)
{
    outbox->notify("1");
    co_return saying("answer");
}

TEST(RunAndDeliver, LosesNothingSaidInTheLastMoment)
{
    on_strand([](Bell&, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        const DeliveryOptions options;
        co_await run_and_deliver(speak_and_end(outbox), outbox, exchange, options);
        EXPECT_EQ(texts(exchange), "1 answer ");
    });
}

Task<Answer> wait_for(Bell& bell, const bool& is_done)
{
    co_await bell.until([&] { return is_done; });
    co_return saying("answer");
}

TEST(RunAndDeliver, DoesNotAnswerTwiceAfterTheStreamFailed)
{
    on_strand([](Bell& bell, FakeExchange& exchange) -> Task<void> {
        const auto outbox = std::make_shared<Outbox>(1);
        const DeliveryOptions options;
        exchange.state = fail(Errc::deadline_exceeded, "does not read");
        bool is_done = false;
        outbox->notify("1");
        const auto home = co_await asio::this_coro::executor;
        asio::co_spawn(
            home,
            [&]() -> Task<void> {
                co_await bell.until([&] { return exchange.streaming; });
                is_done = true;
                bell.ring();
            },
            [](std::exception_ptr) {});
        co_await run_and_deliver(wait_for(bell, is_done), outbox, exchange, options);
        EXPECT_FALSE(exchange.replied);
        EXPECT_TRUE(exchange.events.empty());
    });
}

}  // namespace
}  // namespace tailops::mcp::testing
