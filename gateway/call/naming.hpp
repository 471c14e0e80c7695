#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/tools/tool.hpp"
#include "policy/gate.hpp"
#include "targets/executor.hpp"

#include <optional>
#include <string>

namespace tailops::call {

/// What the words of a call turned out to mean.
struct Meaning {
    std::string told;              // `"4f1c" is container "db"`; empty: as the caller has it
    std::optional<Error> missing;  // there is no such thing: then there is nothing to act on
};

/// Asks the target which things the arguments name, where the decision depends on it, and puts what
/// was found into the question and into the plan: what is decided on is what will be acted on. Asks
/// nothing when the word itself is refused. Changes nothing on the target.
/// Errors: those of the executor, and invalid_argument when it is not clear what is meant.
Task<Result<Meaning>> find_meaning(const policy::Gate& gate,
                                   targets::Executor& target,
                                   tools::Plan& plan,
                                   policy::AccessRequest& request);

}  // namespace tailops::call
