#pragma once

#include "gateway/audit/trail.hpp"
#include "gateway/call/world.hpp"
#include "gateway/runs/runs.hpp"
#include "gateway/tools/tool.hpp"

namespace tailops::call {

/// The gateway as one principal may see it, at one moment: what answering tools look at.
class PrincipalView final : public tools::GatewayView {
public:
    struct Moment {
        TimePoint now;
        TimePoint started;
    };
    PrincipalView(const World& world,
                  const auth::Principal& principal,
                  const targets::StateBoard& states,
                  const audit::Trail& trail,
                  const runs::Runs& runs,
                  Moment moment)
        : world_{world},
          principal_{principal},
          states_{states},
          trail_{trail},
          runs_{runs},
          moment_{moment}
    {
    }

    const auth::Principal& principal() const override { return principal_; }
    TimePoint now() const override { return moment_.now; }
    TimePoint started() const override { return moment_.started; }
    std::vector<VisibleTarget> targets() const override;
    std::vector<const tools::CatalogueCommand*> commands() const override;
    Status trail_health() const override { return trail_.health(); }
    Result<tools::RunView> run(const RequestId& id) const override;
    std::vector<tools::RunView> runs(std::size_t runs_max) const override;
    Task<Result<tools::OutputPage>> read_output(tools::OutputQuestion question) const override;

private:
    const World& world_;
    const auth::Principal& principal_;
    const targets::StateBoard& states_;
    const audit::Trail& trail_;
    const runs::Runs& runs_;
    const Moment moment_;
};

/// What the policy sees when a tool is about the gateway itself.
const policy::TargetFacts& gateway_facts();

/// Whether `principal` may look at a run and its output: it is its own, and the policy could still
/// allow it the same kind of call on the target without an approval.
bool may_read(const World&, const auth::Principal&, const runs::RunRecord&);

/// Whether some call of `tool` on `target` could be permitted and carried out there.
bool could_use(const World&,
               const auth::Principal&,
               const tools::Tool&,
               const policy::TargetFacts& target);

/// Whether some call of execute_command with this command could be permitted on some target.
bool could_run(const World&, const auth::Principal&, const tools::CatalogueCommand&);

/// All such commands, in the order of the catalogue: what the caller may know of it.
std::vector<const tools::CatalogueCommand*> runnable_commands(const World&, const auth::Principal&);

/// The mildest that some call about the target itself could come to: to ask whether the target is
/// there must be no way around the rules for all else.
policy::Effect mildest_use(const World&, const auth::Principal&, const policy::TargetFacts& target);

/// Whether `principal` may know of the target: it could use some tool there that is about more than
/// the gateway's own view of it.
bool can_see(const World&, const auth::Principal&, const policy::TargetFacts& target);

}  // namespace tailops::call
