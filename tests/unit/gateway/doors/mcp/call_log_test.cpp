#include "gateway/service/call_log.hpp"

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/mcp_caller.hpp"
#include "gateway/doors/mcp/wire/outbox.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

using nlohmann::json;

/// The params of what a client that listens at `level` hears of a call that ends so.
std::vector<json> heard(std::optional<service::LogLevel> level,
                        const Error* error,
                        const json& arguments = {{"target", "web-01"}})
{
    McpCaller::Terms terms{.principal = {}, .request = RequestId{"r1"}};
    terms.log_level = level;
    const auto outbox = std::make_shared<Outbox>(1);
    const auto reader = *outbox->attach(Outbox::Takeover::refuse);
    McpCaller caller{std::move(terms), outbox};
    const std::string tool = "get_system_status";
    const service::CallLog log{caller, tool, arguments};
    log.begins();
    log.ended(error);
    std::vector<json> out;
    while (const auto next = outbox->take(reader)) {
        const auto message = parse_json(next->content.body).value();
        EXPECT_EQ(message.at("method"), "notifications/message");
        out.push_back(message.at("params"));
    }
    return out;
}

TEST(CallLog, TellsWhoListensForEverythingOfBeginAndEnd)
{
    const auto told = heard(service::LogLevel::debug, nullptr);
    ASSERT_EQ(told.size(), 2U);
    for (const auto& params : told) {
        EXPECT_EQ(params.at("level"), "debug");
        EXPECT_EQ(params.at("logger"), "tailops.call");
        EXPECT_EQ(params.at("data").at("run_id"), "r1");
        EXPECT_EQ(params.at("data").at("target"), "web-01");
        EXPECT_GE(int{params.at("data").at("elapsed_ms")}, 0);
    }
    EXPECT_EQ(told.front().at("data").at("message"), "the call begins");
}

TEST(CallLog, WarnsOfTroubleAndNotOfRefusals)
{
    const Error trouble{Errc::unreachable, "web-01 did not answer\x1b[31m"};
    const auto told = heard(service::LogLevel::info, &trouble);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.front().at("level"), "warning");
    EXPECT_EQ(told.front().at("data").at("error"), "unreachable");
    EXPECT_EQ(told.front().at("data").at("message"), "web-01 did not answer");
    const Error refusal{Errc::denied, "no rule allows it"};
    EXPECT_TRUE(heard(service::LogLevel::info, &refusal).empty());
    EXPECT_EQ(heard(service::LogLevel::debug, &refusal).back().at("data").at("error"), "denied");
    EXPECT_TRUE(heard(service::LogLevel::error, &trouble).empty());
}

TEST(CallLog, SaysNothingToWhoDoesNotListen)
{
    const Error trouble{Errc::unreachable, "web-01 did not answer"};
    EXPECT_TRUE(heard(std::nullopt, &trouble).empty());
}

TEST(CallLog, NamesNoTargetWhereThereIsNone)
{
    EXPECT_FALSE(heard(service::LogLevel::debug, nullptr, json::object())
                     .front()
                     .at("data")
                     .contains("target"));
}

}  // namespace
}  // namespace tailops::mcp
