#pragma once

#include "targets/executor.hpp"
#include "targets/local/reaper.hpp"

#include <memory>

namespace tailops::targets {

/// Runs commands on the gateway's own host: argv only, never a shell; a process group of its own
/// that is killed when the time is up; a small fixed environment; no descriptor of the daemon.
///
/// The child is started with posix_spawn, which does not copy the daemon's memory map. Everything
/// runs on the caller's strand. A process that SIGKILL does not end holds up nobody; when too many
/// such remain, the next command is refused (busy).
class LocalExecutor final : public Executor {
public:
    /// All executors of a daemon share its reaper.
    explicit LocalExecutor(std::shared_ptr<Reaper> reaper = std::make_shared<Reaper>())
        : reaper_{std::move(reaper)}
    {
    }

    std::set<Facet> facets() const override { return {Facet::reachability, Facet::shell}; }
    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override;

private:
    std::shared_ptr<Reaper> reaper_;
};

}  // namespace tailops::targets
