#pragma once

#include "gateway/audit/trail.hpp"

#include <functional>
#include <mutex>
#include <vector>

namespace tailops::call {

/// Keeps records in memory and fails on demand: what the pipeline owes the trail is the subject
/// here. tests/unit/gateway/audit has the real one.
class FakeTrail final : public audit::Trail {
public:
    Task<Status> append(audit::Record record, audit::Durability durability) override
    {
        if (before_append) before_append();
        const std::scoped_lock lock{mutex_};
        const bool is_refused = is_broken || (breaks_after_intents && !durabilities.empty());
        if (is_refused) co_return fail(Errc::unavailable, "the audit trail cannot be written");
        records.push_back(std::move(record));
        durabilities.push_back(durability);
        co_return Status{};
    }
    Status health() const override
    {
        if (is_broken) return fail(Errc::unavailable, "the audit trail cannot be written");
        return {};
    }
    bool is_broken{false};
    std::function<void()> before_append;
    bool breaks_after_intents{false};  // takes the first record, and no other
    std::vector<audit::Record> records;
    std::vector<audit::Durability> durabilities;

private:
    std::mutex mutex_;
};

}  // namespace tailops::call
