#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/secret_registry.hpp"
#include "targets/registry.hpp"
#include "targets/state.hpp"
#include "targets/targets_file.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace tailops::targets {

class Reaper;  // targets/local/reaper.hpp

/// What executors need from the daemon around them. Outlives every registry.
struct ExecutorContext {
    boost::asio::any_io_executor io;
    Environment environment;                    // for credential references
    std::shared_ptr<SecretRegistry> secrets{};  // learns what they turn out to be; may be null
    std::string known_hosts_file;               // SSH host keys that a person has confirmed
    StateBoard& states;
    const Clock& clock;
    std::shared_ptr<Reaper> reaper{};  // of local commands; null: each executor has its own
};

/// Makes the registry of `specs`. A target whose connection is as in `previous` keeps its warm
/// connection, and its executor too when the limits are the same. `previous` may be null.
/// Errors: invalid_argument, naming the target whose executor cannot be made.
Result<std::shared_ptr<const Registry>> make_registry(std::vector<TargetSpec> specs,
                                                      const Registry* previous,
                                                      const ExecutorContext& context);

}  // namespace tailops::targets
