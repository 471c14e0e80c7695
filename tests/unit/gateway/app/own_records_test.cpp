#include "gateway/app/mcp_settings.hpp"
#include "gateway/core/json.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

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
