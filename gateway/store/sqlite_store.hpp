#pragma once

#include "auth/token_store.hpp"
#include "gateway/core/file_identity.hpp"
#include "gateway/store/call_keys.hpp"
#include "gateway/store/sqlite.hpp"
#include "gateway/store/state_marks.hpp"
#include "gateway/store/tasks.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tailops::store {

/// The gateway's durable state in one SQLite file: gateway tokens, their events on the way to the
/// audit trail, tasks, idempotency keys, and its own place in time. A change has reached the disk
/// when its call returns. Safe from any thread (one at a time gets in); several processes may hold
/// the same file. Calls block, at most for the busy timeout and the disk.
class SqliteStore : public auth::TokenStore,
                    public auth::TokenEvents,
                    public TaskStore,
                    public CallKeyStore,
                    public StateMarks {
public:
    struct Settings {
        std::string path;  // its folder must exist; ":memory:" keeps nothing
        std::chrono::milliseconds busy_timeout{5000};  // while another process writes
    };

    /// Errors: unavailable (the file cannot be opened or made private, or a newer gateway wrote it;
    /// the detail says which), busy.
    static Result<std::shared_ptr<SqliteStore>> open(Settings settings);
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;
    ~SqliteStore() override;

    /// Errors: invalid_argument (the id or the token is there already), busy, internal.
    Status insert(const auth::StoredToken& token, const auth::TokenActor& by) override;
    Result<std::vector<auth::StoredToken>> list() override;
    /// Revoking what is revoked succeeds, keeps the first time and is no event. Errors: not_found,
    /// busy, internal.
    Status revoke(const std::string& id, TimePoint when, const auth::TokenActor& by) override;
    /// Errors: also unavailable, once the file was replaced: tokens that another process ends are
    /// not seen here any more.
    Result<std::int64_t> generation() override;

    /// Forgets the tokens that ended, by revocation or their time, before that. What befell them is
    /// in the trail, or on its way there. Errors: busy, internal.
    Status purge_tokens(TimePoint before);
    /// Forgets the revoked tokens of a subject. Errors: busy, internal.
    Status purge_revoked_tokens(const std::string& subject);

    Result<std::vector<auth::TokenEvent>> pending_events(std::size_t events_max) override;
    Status forget_events(std::int64_t number) override;

    Status insert(const StoredTask& task, const TaskBounds& bounds) override;
    Result<std::optional<StoredTask>> find(const std::string& id,
                                           const std::string& principal) override;
    Result<bool> update(const StoredTask& task) override;
    Result<bool> update_if(const StoredTask& task, StoredTask::Status expected) override;
    Result<std::vector<StoredTask>> list_unfinished() override;
    Result<std::size_t> fail_working(TimePoint now, const std::string& message) override;
    Result<std::size_t> drop_expired(TimePoint now) override;
    Result<TaskCount> count(const std::string& principal) override;

    Result<std::optional<StoredCallKey>> reserve(const CallKeyReservation& wanted,
                                                 const CallKeyBounds& bounds,
                                                 const CallKeyUse& use) override;
    Status finish(const CallKeyReservation& reserved,
                  const std::string& outcome,
                  TimePoint ended) override;
    Status release(const CallKeyReservation& reserved) override;
    Status forget_old(TimePoint now, const CallKeyBounds& bounds, const CallKeyUse& use) override;

    Result<std::optional<StateMark>> last_mark() override;
    Status set_mark(const StateMark& mark) override;
    Result<RestoredState> restore(const ForgottenState& forgotten) override;
    Status check_files() override;

    /// Whether a check has found that the files were replaced.
    bool is_replaced() const noexcept;
    /// The database's own file; none of ":memory:".
    std::optional<FileIdentity> file() const;

    struct State;
    explicit SqliteStore(std::unique_ptr<State> state);  ///< use `open`

private:
    std::unique_ptr<State> state_;
};

}  // namespace tailops::store
