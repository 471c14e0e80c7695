#pragma once

#include "auth/principal.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/tools/commands/commands.hpp"
#include "gateway/tools/run_view.hpp"
#include "targets/state.hpp"
#include "targets/target.hpp"

#include <memory>
#include <vector>

namespace tailops::tools {

/// What tools about the gateway itself may look at. Given by call::Pipeline for one principal: it
/// shows only what that principal may know of.
class GatewayView {
public:
    GatewayView() = default;
    GatewayView(const GatewayView&) = delete;
    GatewayView& operator=(const GatewayView&) = delete;
    virtual ~GatewayView() = default;

    virtual const auth::Principal& principal() const = 0;
    virtual TimePoint now() const = 0;
    virtual TimePoint started() const = 0;
    struct VisibleTarget {
        std::shared_ptr<const targets::Target> target;
        targets::TargetState state;
        std::vector<std::string> tools;  // names of those the principal may use there
    };
    /// Ordered by id; only those the principal may see.
    virtual std::vector<VisibleTarget> targets() const = 0;
    /// In the order of the catalogue; only those that the principal may run on some target.
    virtual std::vector<const CatalogueCommand*> commands() const = 0;
    /// Whether the audit trail can be written.
    virtual Status trail_health() const = 0;

    /// One of the principal's own calls. Errors: not_found (no such run, another's, or one about a
    /// target that the principal may not use like this any more: one answer for all).
    virtual Result<RunView> run(const RequestId& id) const = 0;
    /// The newest of them, newest first: those that `run` would find.
    virtual std::vector<RunView> runs(std::size_t runs_max) const = 0;
    /// A part of the output of one. Errors: not_found (as above, or nothing was kept),
    /// invalid_argument (a pattern that is none), unavailable (the disk).
    virtual Task<Result<OutputPage>> read_output(OutputQuestion question) const = 0;
};

}  // namespace tailops::tools
