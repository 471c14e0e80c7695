#pragma once

#include "gateway/core/capability.hpp"
#include "gateway/tools/run_view.hpp"
#include "policy/decision.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tailops::runs {

/// What is remembered of one call about a target: what its caller may see of it, and what decides
/// who that is.
struct RunRecord {
    tools::RunView shown;
    std::string owner;       // auth::Identity::key() of the caller
    std::string capability;  // the right that the call needed
    Tier tier{Tier::observe};
    bool dry_run{false};  // nothing was done
    /// What rules saw of the call; empty: not known any more, of a record that was not kept whole.
    struct Asked {
        policy::Parameters parameters;
        policy::AliasesByName aliases;
    };
    std::optional<Asked> asked{};
};

/// As JSON on one line. Of a result over 256 KiB only that there was
/// one is left.
std::string to_text(const RunRecord& record);

/// Errors: invalid_argument.
Result<RunRecord> read_run_record(std::string_view text);

/// The line after which nothing is remembered of a run that had records before.
std::string gone_text(const RequestId& run);
/// The run that such a line is about; none: it is another line.
std::optional<RequestId> read_gone(std::string_view text);

/// Whether `id` may be the name of a file: letters, digits, "-" and "_", at most 64 of them.
bool is_run_id(std::string_view id) noexcept;

}  // namespace tailops::runs
