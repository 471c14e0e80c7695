#include "gateway/app/mcp_settings.hpp"
#include "gateway/core/json.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

namespace tailops::app {
namespace {

using audit::intent;
using audit::outcome;

auth::Principal alice()
{
    auth::Principal principal;
    principal.identity.issuer = "https://idp.example";
    principal.identity.subject = SubjectId{"alice"};
    return principal;
}

nlohmann::json records_of(const auth::Principal& principal, const std::filesystem::path& state)
{
    auto read = testing::run([&](Runtime& runtime) {
        return own_records(StatePaths{state.string()}, runtime.blocking)(principal);
    });
    if (read) return *std::move(read);
    ADD_FAILURE() << read.error().describe();
    return {};
}

class OwnRecords : public ::testing::Test {
protected:
    void append(std::vector<audit::Record> records)
    {
        auto settings = directory.settings();
        settings.directory = directory.path / "audit";
        std::filesystem::create_directories(settings.directory);
        const auto trail = directory.open(std::move(settings));
        ASSERT_TRUE(trail);
        ASSERT_TRUE(directory.append_all(*trail, std::move(records), audit::Durability::durable));
    }

    audit::TrailDirectory directory;
};

TEST_F(OwnRecords, AreObjectsNewestFirst)
{
    append({intent("a"), outcome("a")});
    const auto answer = records_of(alice(), directory.path);
    EXPECT_EQ(answer.at("count"), 2);
    ASSERT_EQ(answer.at("records").size(), 2U);
    const auto& newest = answer.at("records").at(0);
    EXPECT_EQ(newest.at("phase"), "outcome");
    EXPECT_EQ(newest.at("tool"), "manage_container");
    EXPECT_TRUE(newest.at("seq").is_number());
    EXPECT_EQ(answer.at("records").at(1).at("phase"), "intent");
}

TEST_F(OwnRecords, SayWhenThereAreOlderOnes)
{
    std::vector<audit::Record> records;
    for (int i = 0; i < 50; ++i) records.push_back(intent("a" + std::to_string(i)));
    auto disguised = intent("c");
    disguised.subject = "https://idp.example|mallory";
    disguised.name = "https://idp.example|alice";
    records.insert(records.begin(), disguised);
    records.push_back(disguised);
    append(records);
    auto answer = records_of(alice(), directory.path);
    EXPECT_EQ(answer.at("count"), 50) << "what is not hers takes no room";
    EXPECT_EQ(answer.at("truncated"), false);
    append({intent("last")});
    answer = records_of(alice(), directory.path);
    EXPECT_EQ(answer.at("count"), 50);
    EXPECT_EQ(answer.at("truncated"), true);
    EXPECT_EQ(answer.at("records").at(0).at("request"), "last");
}

// All have begun before the first can have ended: that one goes on upon the same strand.
TEST_F(OwnRecords, AreReadFourAtOnceByOneCaller)
{
    append({intent("a")});
    std::map<std::string, int> told;
    testing::run([&](Runtime& runtime) -> Task<void> {
        namespace asio = boost::asio;
        const auto home = co_await asio::this_coro::executor;
        const auto read = own_records(StatePaths{directory.path.string()}, runtime.reading);
        int under_way = 0;
        auto ask = [&](auth::Principal who) -> Task<void> {
            const auto name = who.identity.subject.str();
            const auto answer = co_await read(who);
            ++told[name + (answer ? " ok" : " " + std::string{to_string(answer.error().code())})];
            --under_way;
        };
        for (const auto* name : {"alice", "alice", "alice", "alice", "alice", "alice", "bob"}) {
            auto who = alice();
            who.identity.subject = SubjectId{name};
            ++under_way;
            asio::co_spawn(home, ask(std::move(who)), [](std::exception_ptr) {});
        }
        while (under_way > 0) co_await asio::post(home, asio::use_awaitable);
        under_way = 1;
        asio::co_spawn(home, ask(alice()), [](std::exception_ptr) {});
        while (under_way > 0) co_await asio::post(home, asio::use_awaitable);
    });
    EXPECT_EQ(told,
              (std::map<std::string, int>{{"alice ok", 5}, {"alice busy", 2}, {"bob ok", 1}}));
}

TEST_F(OwnRecords, AreNotThoseOfSomebodyElse)
{
    auto bobs = intent("b");
    bobs.subject = "https://idp.example|bob";
    auto disguised = intent("c");
    disguised.subject = "https://idp.example|mallory";
    disguised.name = "https://idp.example|alice";
    append({intent("a"), bobs, disguised});
    const auto answer = records_of(alice(), directory.path);
    EXPECT_EQ(answer.at("count"), 1);
    ASSERT_EQ(answer.at("records").size(), 1U);
    EXPECT_EQ(answer.at("records").at(0).at("request"), "a");
}

}  // namespace
}  // namespace tailops::app
