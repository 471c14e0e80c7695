#include "targets/bounded.hpp"

#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tailops::targets {
namespace {

/// Ends each call as it is told to.
class FakeExecutor final : public Executor {
public:
    explicit FakeExecutor(Result<ExecutionResult> outcome) : outcome_{std::move(outcome)} {}
    std::set<Facet> facets() const override { return {Facet::reachability, Facet::shell}; }
    Task<Result<ExecutionResult>> run(policy::Permit, Operation) override { co_return outcome_; }

private:
    const Result<ExecutionResult> outcome_;
};

/// What is thought of a target that was in no state before, after a call that ended so.
Reach reach_after(Result<ExecutionResult> outcome)
{
    const TargetId id{"web-01"};
    StateBoard states;
    const Clock clock;
    testing::run([&](Runtime&) -> Task<void> {
        Bounded bounded{id, {}, std::make_shared<FakeExecutor>(outcome), states, clock};
        auto permit = testing::any_permit(id, {});
        Operation operation{Probe{}};
        (void)co_await bounded.run(std::move(permit), std::move(operation));
    });
    return states.get(id).reach;
}

TEST(Bounded, LearnsOfTheTargetFromWhatACallCameTo)
{
    struct Row {
        Errc code;
        Reach when_begun;
        Reach when_nothing_was;
    };
    const Row rows[] = {
        {Errc::unreachable, Reach::unreachable, Reach::unreachable},
        {Errc::unauthorized_there, Reach::unauthorized, Reach::unauthorized},
        // What is slow is there; what could not be begun in all that time is not.
        {Errc::deadline_exceeded, Reach::unknown, Reach::unreachable},
        {Errc::busy, Reach::unknown, Reach::unknown},
        {Errc::cancelled, Reach::unknown, Reach::unknown},
        {Errc::invalid_argument, Reach::unknown, Reach::unknown},
        {Errc::internal, Reach::unknown, Reach::unknown},
    };
    for (const auto& row : rows) {
        const Error error{row.code, "it failed"};
        EXPECT_EQ(reach_after(fail(Error{error})), row.when_begun) << to_string(row.code);
        EXPECT_EQ(reach_after(fail(Error{error}.with_nothing_begun())), row.when_nothing_was)
            << to_string(row.code);
    }
    EXPECT_EQ(reach_after(ExecutionResult{}), Reach::reachable);
}

}  // namespace
}  // namespace tailops::targets
