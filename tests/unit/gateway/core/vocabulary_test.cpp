#include "gateway/core/capability.hpp"
#include "gateway/core/ids.hpp"
#include "gateway/core/secret.hpp"
#include "gateway/core/try.hpp"

#include <gtest/gtest.h>

namespace tailops {
namespace {

// The wrong call does not compile.
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<TargetId, ToolName>);
static_assert(!std::is_convertible_v<std::string, TargetId>);

TEST(Error, DescribesTheWholeChainOnce)
{
    const auto error = Error{Errc::unreachable, "target web-01 did not answer"}
                           .with_detail("10.0.0.7:22")
                           .because(Error{Errc::internal, "connect"}.with_detail("ECONNREFUSED"));
    EXPECT_EQ(error.describe(),
              "unreachable: target web-01 did not answer (10.0.0.7:22): internal: connect "
              "(ECONNREFUSED)");
}

Result<int> half(int n)
{
    if (n % 2) return fail(Errc::invalid_argument, "odd");
    return n / 2;
}
Result<int> quarter(int n)
{
    TAILOPS_TRY(const auto h, half(n));
    TAILOPS_TRY(const auto q, half(h));
    return q;
}

TEST(Try, PropagatesTheFirstError)
{
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(6).error().code(), Errc::invalid_argument);
}

TEST(Capability, SuggestsTheNearestName)
{
    EXPECT_EQ(parse_capability("container:write")->text(), "container:write");
    EXPECT_EQ(parse_capability("container:wirte").error().public_message(),
              "unknown capability \"container:wirte\"; did you mean \"container:write\"?");
}

// A name that is not known does not compile; neither does half of one.
static_assert(Capability{"container", "read"} == Capability{"container", "read"});
static_assert(Capability{"container", "read"} < Capability{"container", "write"});
static_assert(Capability{} != Capability{"system", "write"});

TEST(CapabilitySet, HoldsWhatWasPutInAndIteratesByName)
{
    CapabilitySet set{{"system", "read"}, {"audit", "read"}};
    set.insert({"container", "write"});
    set.merge({{"audit", "read"}, {"file", "read"}});
    std::string names;
    for (const auto capability : set) names += capability.text() + ' ';
    EXPECT_EQ(names, "audit:read container:write file:read system:read ");
    EXPECT_EQ(set.size(), 4U);
    EXPECT_TRUE(set.contains({"system", "read"}));
    EXPECT_FALSE(set.contains({"system", "write"}));
    set.clear();
    EXPECT_TRUE(set.empty());
    EXPECT_EQ(set.begin(), set.end());
}

TEST(CapabilitySet, NeverHoldsTheCapabilityThatIsNone)
{
    const CapabilitySet set{Capability{}};
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(CapabilitySet::all().contains(Capability{}));
    EXPECT_EQ(Capability{}.text(), "");
    EXPECT_FALSE(Capability{}.implied());
}

TEST(CapabilitySet, OfAllHoldsEachKnownOne)
{
    for (const auto& known : known_capabilities()) {
        const auto capability = parse_capability(known.name);
        ASSERT_TRUE(capability);
        EXPECT_EQ(capability->text(), known.name);
        EXPECT_TRUE(CapabilitySet::all().contains(*capability));
    }
    EXPECT_EQ(CapabilitySet::all().size(), known_capabilities().size());
}

TEST(ExpandScopes, GrantsWhatAScopeImpliesAndNothingElse)
{
    const auto write = expand_scopes({"container:write"});
    EXPECT_TRUE(write.contains({"container", "read"}));
    EXPECT_FALSE(write.contains({"container", "admin"}));
    EXPECT_FALSE(write.contains({"system", "read"}));
    EXPECT_EQ(expand_scopes({"openid", "email"}), CapabilitySet{gateway_read()});
    EXPECT_TRUE(expand_scopes({"readonly"}).contains({"file", "read"}));
    EXPECT_TRUE(expand_scopes({"readonly"}).contains({"logs", "read"}));
    EXPECT_FALSE(expand_scopes({"readonly"}).contains({"container", "write"}));
    EXPECT_EQ(expand_scopes({"admin"}).size(), known_capabilities().size());
}

TEST(KnownCapabilities, ImplyOnlyKnownOnes)
{
    for (const auto& known : known_capabilities()) {
        const bool sound = known.implies.empty() || parse_capability(known.implies).has_value();
        EXPECT_TRUE(sound) << known.name;
    }
}

}  // namespace
}  // namespace tailops
