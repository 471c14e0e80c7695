#include "policy/permit.hpp"
#include "tests/support/permit.hpp"

#include <gtest/gtest.h>

namespace tailops::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tailops::testing::any_permit;

const TargetId target{"t"};
const Capability admin{"system", "admin"};
const Capability reading{"system", "read"};
constexpr milliseconds long_time = std::chrono::hours{1};

TEST(PermitStep, IsForTheSameTargetAndPrincipal)
{
    const auto whole = any_permit(target);
    const auto step = whole.step({.action = admin, .tier = Tier::control, .left = long_time});
    ASSERT_TRUE(step);
    EXPECT_EQ(step->target(), target);
    EXPECT_EQ(step->principal(), whole.principal());
    EXPECT_EQ(step->action(), admin);
}

TEST(PermitStep, ChangesNothingByAnotherCapability)
{
    const auto whole = any_permit(target);
    const Capability other{"container", "write"};
    const auto refused = whole.step({.action = other, .tier = Tier::control, .left = long_time});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::internal);
    EXPECT_TRUE(whole.step({.action = reading, .tier = Tier::observe, .left = long_time}));
}

TEST(PermitStep, IsNeverOfAHigherTier)
{
    const auto whole = any_permit(target);
    const auto look = whole.step({.action = reading, .tier = Tier::observe, .left = long_time});
    ASSERT_TRUE(look);
    EXPECT_FALSE(look->step({.action = reading, .tier = Tier::control, .left = long_time}));
}

TEST(PermitStep, TakesItsOwnTimeOnlyWhereNobodySetOne)
{
    const auto usual = any_permit(target);
    const Permit::Step step{
        .action = admin, .tier = Tier::admin, .patience = seconds{600}, .left = long_time};
    EXPECT_EQ(usual.step(step)->obligations().timeout, seconds{600});
    const auto bounded = any_permit(target, {.timeout = seconds{5}, .has_own_timeout = true});
    EXPECT_EQ(bounded.step(step)->obligations().timeout, seconds{5});
}

TEST(PermitStep, HasNoMoreTimeThanIsLeft)
{
    const auto whole = any_permit(target);
    const auto step = whole.step(
        {.action = admin, .tier = Tier::admin, .patience = seconds{600}, .left = seconds{3}});
    EXPECT_EQ(step->obligations().timeout, seconds{3});
}

TEST(PermitStep, LooksForRealInARehearsalAndActsInNone)
{
    const auto rehearsal = any_permit(target, {.dry_run = true});
    EXPECT_FALSE(rehearsal.step({.action = reading, .tier = Tier::observe, .left = long_time})
                     ->obligations()
                     .dry_run);
    EXPECT_TRUE(rehearsal.step({.action = admin, .tier = Tier::admin, .left = long_time})
                    ->obligations()
                    .dry_run);
}

TEST(PermitStep, SharesThePointOfNoReturnWithActsAlone)
{
    auto whole = any_permit(target);
    whole.commit_with(Commitment{Commitment::Once::held});
    const auto look = whole.step({.action = reading, .tier = Tier::observe, .left = long_time});
    ASSERT_TRUE(look->commitment().begin());
    whole.commitment().withdraw(Error{Errc::cancelled, "the caller went away"});
    const auto act = whole.step({.action = admin, .tier = Tier::admin, .left = long_time});
    EXPECT_FALSE(act->commitment().begin()) << "a look is no beginning";
}

}  // namespace
}  // namespace tailops::policy
