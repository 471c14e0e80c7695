#include "gateway/doors/mcp/wire/request_state.hpp"

#include <gtest/gtest.h>

namespace tailops::mcp {
namespace {

using namespace std::chrono_literals;

const TimePoint now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};

StateSeal seal_with(std::initializer_list<std::pair<const char*, char>> keys)
{
    std::vector<StateKey> out;
    for (const auto& [id, letter] : keys) out.push_back({id, Secret{std::string(32, letter)}});
    return StateSeal{std::move(out)};
}

TEST(StateSeal, OpensWhatItSealedForTheSameBindingInTime)
{
    const auto seal = seal_with({{"a", 'x'}});
    const auto sealed = seal.seal("text", "who and what", now).value();
    EXPECT_EQ(seal.open(sealed, "who and what", now + 9min).value(), "text");
}

TEST(StateSeal, RefusesAnythingElseWithOneMessage)
{
    const auto seal = seal_with({{"a", 'x'}});
    const auto sealed = seal.seal("text", "binding", now).value();
    struct Row {
        const char* what;
        std::string sealed;
        const char* binding;
        TimePoint when;
    };
    auto changed = sealed;
    changed[sealed.find('.', 3) + 2] ^= 1;
    const Row rows[] = {
        {"another binding", sealed, "bindinG", now},
        {"expired at the instant", sealed, "binding", now + StateSeal::lifetime},
        {"a changed payload", changed, "binding", now},
        {"something behind it", sealed + "-TAMPERED", "binding", now},
        {"no seal", sealed.substr(0, sealed.rfind('.')), "binding", now},
        {"an empty seal", sealed.substr(0, sealed.rfind('.') + 1), "binding", now},
        {"another version", "v2" + sealed.substr(2), "binding", now},
        {"another key's name", "v1.b" + sealed.substr(4), "binding", now},
        {"nothing", "", "binding", now},
        {"too much", std::string(StateSeal::sealed_bytes_max + 1, 'a'), "binding", now},
    };
    for (const auto& row : rows) {
        const auto opened = seal.open(row.sealed, row.binding, row.when);
        ASSERT_FALSE(opened) << row.what;
        EXPECT_EQ(opened.error().public_message(), "invalid requestState") << row.what;
    }
}

TEST(StateSeal, SealsNothingThatItWouldNotOpen)
{
    const auto seal = seal_with({{"a", 'x'}});
    std::size_t longest = 0;
    for (std::size_t bytes = 49'000; bytes < 50'000; ++bytes) {
        const auto sealed = seal.seal(std::string(bytes, 't'), "b", now);
        if (!sealed) {
            EXPECT_NE(sealed.error().public_message().find("65536"), std::string::npos);
            break;
        }
        longest = bytes;
        ASSERT_TRUE(seal.open(*sealed, "b", now)) << bytes;
    }
    EXPECT_GT(longest, 49'000U);
    EXPECT_LT(longest, 49'999U);
}

TEST(StateSeal, OpensWithAnEarlierKeyButSealsWithTheFirst)
{
    const auto before = seal_with({{"old", 'x'}});
    const auto after = seal_with({{"new", 'y'}, {"old", 'x'}});
    EXPECT_TRUE(after.open(before.seal("text", "b", now).value(), "b", now));
    EXPECT_FALSE(before.open(after.seal("text", "b", now).value(), "b", now));
}

TEST(StateSeal, MakesAKeyOfItsOwnThatNobodyElseHas)
{
    const StateSeal one;
    const StateSeal other;
    const auto sealed = one.seal("text", "b", now).value();
    EXPECT_TRUE(one.open(sealed, "b", now));
    EXPECT_FALSE(other.open(sealed, "b", now));
}

}  // namespace
}  // namespace tailops::mcp
