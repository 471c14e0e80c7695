#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"

namespace tailops::mcp::testing {
namespace {

using namespace std::chrono_literals;

Inbound listen(CatalogBench& bench, json wanted, json id = 7)
{
    return bench.modern("subscriptions/listen", {{"notifications", std::move(wanted)}},
                        std::move(id));
}

/// A stream that listens for `wanted`, once it has been greeted.
Task<std::shared_ptr<Flow>> listening(CatalogBench& bench, json wanted)
{
    auto inbound = listen(bench, std::move(wanted));
    const auto flow = bench.start(std::move(inbound));
    co_await bench.bell.until([&] { return !flow->exchange.events.empty() || flow->is_over; });
    co_return flow;
}

Task<void> told(CatalogBench& bench, std::shared_ptr<Flow> flow, std::size_t events)
{
    co_await bench.bell.until(
        [&] { return flow->exchange.events.size() >= events || flow->is_over; });
}

/// The methods of what the stream was told, the greeting first; "" for the result at its end.
std::vector<std::string> methods_of(const Flow& flow)
{
    std::vector<std::string> out;
    for (const auto& [id, data] : flow.exchange.events) {
        out.emplace_back(text_member(parse_json(data).value_or(json{}), "method"));
    }
    return out;
}

/// What the greeting says is listened for.
json acknowledged(const Flow& flow)
{
    const auto greeting = parse_json(flow.exchange.events.front().second).value_or(json{});
    EXPECT_EQ(text_member(greeting, "method"), "notifications/subscriptions/acknowledged");
    const auto params = field<json>(greeting, "params").value_or(json{});
    return field<json>(params, "notifications").value_or(json{});
}

const json everything{{"toolsListChanged", true},
                      {"promptsListChanged", true},
                      {"resourcesListChanged", true},
                      {"resourceSubscriptions", {"x://1"}}};

void publish_everything(Endpoint& endpoint)
{
    endpoint.publish(service::change::Tools{});
    endpoint.publish(service::change::Prompts{});
    endpoint.publish(service::change::Resources{});
    endpoint.publish(service::change::Resource{"x://1"});
    endpoint.publish(service::change::Resource{"x://2"});
}

TEST(Listen, AcknowledgesWhatIsServedAndMayBeFollowed)
{
    const json wanted{{"toolsListChanged", true},
                      {"promptsListChanged", false},
                      {"resourcesListChanged", true},
                      {"resourceSubscriptions", {"x://1", "x://hidden", "y://1"}},
                      {"unheardOf", true}};
    const json served{{"toolsListChanged", true},
                      {"resourcesListChanged", true},
                      {"resourceSubscriptions", {"x://1"}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto flow = co_await listening(bench, wanted);
        EXPECT_EQ(acknowledged(*flow), served);
    });
}

TEST(Listen, PromisesNothingThatTheServiceDoesNotHave)
{
    const json params{{"notifications", everything}};
    on_bench([&](Bench& bench) -> Task<void> {
        const auto flow = bench.start(bench.modern("subscriptions/listen", params));
        co_await bench.bell.until([&] { return !flow->exchange.events.empty(); });
        EXPECT_EQ(acknowledged(*flow).dump(), R"({"toolsListChanged":true})");
        publish_everything(bench.endpoint);
        bench.endpoint.drain();
        co_await bench.end_of(flow);
        EXPECT_EQ(flow->exchange.events.size(), 3U) << "greeting, tools, end";
    });
}

TEST(Listen, EndsAtOnceWhenThereIsNothingToTell)
{
    const std::vector<json> empty{
        json::object(), {{"toolsListChanged", false}}, {{"resourceSubscriptions", {"x://hidden"}}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        for (const auto& wanted : empty) {
            const auto flow = co_await bench.serve(listen(bench, wanted));
            EXPECT_EQ(acknowledged(*flow), json::object());
            const auto result = result_of(flow->exchange.message());
            EXPECT_EQ(text_member(result, "resultType"), "complete") << wanted.dump();
        }
    });
}

TEST(Listen, TellsEachStreamWhatItAskedForAndNamesIt)
{
    const json tools{{"toolsListChanged", true}};
    const json one{{"resourceSubscriptions", {"x://2"}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto all = co_await listening(bench, everything);
        const auto of_tools = co_await listening(bench, tools);
        const auto of_one = co_await listening(bench, one);
        publish_everything(bench.endpoint);
        co_await told(bench, all, 5);
        co_await told(bench, of_tools, 2);
        co_await told(bench, of_one, 2);
        const std::vector<std::string> expected{
            "notifications/subscriptions/acknowledged", "notifications/tools/list_changed",
            "notifications/prompts/list_changed", "notifications/resources/list_changed",
            "notifications/resources/updated"};
        EXPECT_EQ(methods_of(*all), expected);
        EXPECT_EQ(methods_of(*of_tools).back(), "notifications/tools/list_changed");
        const auto params = field<json>(of_one->exchange.message(), "params").value_or(json{});
        EXPECT_EQ(text_member(params, "uri"), "x://2");
        const auto meta = field<json>(params, "_meta").value_or(json{});
        EXPECT_EQ(meta.dump(), R"({"io.modelcontextprotocol/subscriptionId":7})");
        bench.endpoint.drain();
        co_await bench.end_of(of_tools);
        co_await bench.end_of(of_one);
        EXPECT_EQ(of_tools->exchange.events.size(), 3U) << "greeting, notice, end";
        EXPECT_EQ(of_one->exchange.events.size(), 3U);
    });
}

TEST(Listen, TellsOnceOfWhatChangedOftenWhileANoticeWaited)
{
    const json wanted{{"toolsListChanged", true}, {"resourceSubscriptions", {"x://1", "x://2"}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto flow = co_await listening(bench, wanted);
        // Within one turn of the strand nothing is sent.
        for (int i = 0; i < 100; ++i) publish_everything(bench.endpoint);
        co_await told(bench, flow, 4);
        publish_everything(bench.endpoint);
        co_await told(bench, flow, 7);
        bench.endpoint.drain();
        co_await bench.end_of(flow);
        EXPECT_EQ(flow->exchange.events.size(), 8U) << "greeting, three, three, end";
    });
}

TEST(Listen, TellsNoMoreOfWhatItsPrincipalMayNotKnowAnyMore)
{
    const json wanted{{"resourceSubscriptions", {"x://1", "x://2"}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        const auto flow = co_await listening(bench, wanted);
        bench.service.hidden.emplace("x://1");
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.endpoint.publish(service::change::Resource{"x://2"});
        co_await told(bench, flow, 2);
        const auto params = field<json>(flow->exchange.message(), "params").value_or(json{});
        EXPECT_EQ(text_member(params, "uri"), "x://2");
        bench.endpoint.drain();
        co_await bench.end_of(flow);
        EXPECT_EQ(flow->exchange.events.size(), 3U) << "greeting, the one it may know, end";
    });
}

TEST(Listen, TellsOfWhatItAskedForOnceItsPrincipalMayKnowIt)
{
    const json wanted{{"resourceSubscriptions", {"x://1", "x://2", "x://still"}}};
    on_bench<CatalogBench>([&](CatalogBench& bench) -> Task<void> {
        bench.service.hidden.emplace("x://1");
        const auto flow = co_await listening(bench, wanted);
        EXPECT_EQ(acknowledged(*flow).dump(), R"({"resourceSubscriptions":["x://2"]})");
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.service.hidden.clear();
        bench.endpoint.publish(service::change::Resource{"x://1"});
        bench.endpoint.publish(service::change::Resource{"x://3"});
        bench.endpoint.publish(service::change::Resource{"x://still"});
        co_await told(bench, flow, 2);
        const auto params = field<json>(flow->exchange.message(), "params").value_or(json{});
        EXPECT_EQ(text_member(params, "uri"), "x://1");
        bench.endpoint.publish_followed();
        co_await told(bench, flow, 4);
        bench.endpoint.drain();
        co_await bench.end_of(flow);
        EXPECT_EQ(flow->exchange.events.size(), 5U) << "greeting, x://1, both of them, end";
    });
}

TEST(Listen, EndsWithItsResultWhenTheGatewayStopsAndTakesNoMore)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        const auto flow = co_await listening(bench, everything);
        bench.endpoint.drain();
        co_await bench.end_of(flow);
        const auto message = flow->exchange.message();
        EXPECT_EQ(field<std::int64_t>(message, "id").value_or(0), 7);
        const auto result = result_of(message);
        EXPECT_EQ(text_member(result, "resultType"), "complete");
        const auto meta = field<json>(result, "_meta").value_or(json{});
        EXPECT_EQ(field<std::int64_t>(meta, "io.modelcontextprotocol/subscriptionId").value_or(0),
                  7);
        const auto late = co_await bench.serve(listen(bench, everything));
        EXPECT_EQ(error_code(late->exchange.message()), -32603);
    });
}

TEST(Listen, EndsWithItsResultWhenTheTokenDoes)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        auto inbound = listen(bench, everything);
        inbound.principal.identity.expires = bench.clock.now() + 5ms;
        const auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(flow->exchange.events.size(), 2U);
        EXPECT_EQ(text_member(result_of(flow->exchange.message()), "resultType"), "complete");
    });
}

TEST(Listen, EndsWithoutAWordWhenTheClientLeaves)
{
    EndpointSettings settings;
    settings.listens_per_principal_max = 1;
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            const auto flow = co_await listening(bench, everything);
            flow->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(flow);
            EXPECT_EQ(flow->exchange.events.size(), 1U);
            const auto next = co_await listening(bench, everything);
            EXPECT_FALSE(next->is_over) << "its place is free again";
        },
        settings);
}

TEST(Listen, IsBoundedForEachPrincipal)
{
    EndpointSettings settings;
    settings.listens_per_principal_max = 2;
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            co_await listening(bench, everything);
            co_await listening(bench, everything);
            const auto third = co_await bench.serve(listen(bench, everything));
            EXPECT_EQ(error_code(third->exchange.message()), -32603);
            bench.subject = "bob";
            const auto other = co_await listening(bench, everything);
            EXPECT_FALSE(other->is_over);
        },
        settings);
}

TEST(Listen, IsBoundedForAllTogether)
{
    EndpointSettings settings;
    settings.listens_max = 2;
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            const auto first = co_await listening(bench, everything);
            bench.subject = "bob";
            const auto last = co_await listening(bench, everything);
            EXPECT_FALSE(last->is_over);
            bench.subject = "carol";
            const auto refused = co_await bench.serve(listen(bench, everything));
            EXPECT_EQ(error_code(refused->exchange.message()), -32603);
            first->hang_up.emit(asio::cancellation_type::terminal);
            co_await bench.end_of(first);
            const auto next = co_await listening(bench, everything);
            EXPECT_FALSE(next->is_over) << "a place is free again";
        },
        settings);
}

TEST(Listen, NeedsAClientThatReadsEvents)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        auto inbound = listen(bench, everything);
        std::erase_if(inbound.headers, [](const auto& header) { return header.first == "Accept"; });
        inbound.headers.emplace_back("Accept", "application/json");
        const auto flow = co_await bench.serve(std::move(inbound));
        EXPECT_EQ(flow->exchange.answer.status, 406);
    });
}

struct Wish {
    std::string_view name;
    json params;
    int code;
};
class ListenWish : public ::testing::TestWithParam<Wish> {};

TEST_P(ListenWish, IsReadOrRefused)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        const auto flow =
            co_await bench.serve(bench.modern("subscriptions/listen", GetParam().params));
        EXPECT_EQ(error_code(flow->exchange.message()), GetParam().code);
    });
}

json wish(json notifications)
{
    return {{"notifications", std::move(notifications)}};
}

INSTANTIATE_TEST_SUITE_P(
    Rows,
    ListenWish,
    ::testing::ValuesIn(std::vector<Wish>{
        {"nothing", wish(json::object()), 0},
        {"nulls", wish({{"toolsListChanged", nullptr}, {"resourceSubscriptions", nullptr}}), 0},
        {"at_the_bound",
         wish({{"resourceSubscriptions", std::vector<std::string>(256, "x://hidden")}}), 0},
        {"over_the_bound",
         wish({{"resourceSubscriptions", std::vector<std::string>(257, "x://hidden")}}), -32602},
        {"no_notifications", json::object(), -32602},
        {"notifications_are_a_list", wish(json::array()), -32602},
        {"notifications_are_null", wish(nullptr), -32602},
        {"a_flag_is_text", wish({{"toolsListChanged", "true"}}), -32602},
        {"a_flag_is_a_number", wish({{"promptsListChanged", 1}}), -32602},
        {"uris_are_text", wish({{"resourceSubscriptions", "x://1"}}), -32602},
        {"a_uri_is_a_number", wish({{"resourceSubscriptions", {"x://1", 1}}}), -32602},
        {"tasks_without_the_extension", wish({{"taskIds", {"x"}}}), -32021},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace tailops::mcp::testing
