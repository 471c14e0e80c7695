#pragma once

#include "targets/executor.hpp"

namespace tailops::targets {

/// Runs commands on the gateway's own host: argv only, never a shell; a process group of its own
/// that is killed when the time is up; a small fixed environment; no descriptor of the daemon.
///
/// The child is started with posix_spawn, which does not copy the daemon's memory map. Everything
/// runs on the caller's strand.
class LocalExecutor final : public Executor {
public:
    std::set<Facet> facets() const override { return {Facet::reachability, Facet::shell}; }
    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override;
};

}  // namespace tailops::targets
