#pragma once

#include "gateway/async/deadline.hpp"
#include "gateway/audit/trail.hpp"
#include "gateway/call/claims.hpp"
#include "gateway/call/world.hpp"
#include "gateway/tools/tool.hpp"
#include "gateway/tools/work.hpp"
#include "policy/permit.hpp"
#include "targets/executor.hpp"

#include <nlohmann/json_fwd.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tailops::call {

/// Does the job of one permitted call, step by step: each on a permit of its own that never exceeds
/// that of the call, each act with a line in the trail before and after it.
///
///     begun --look, act, until--> done
///       | the job returned an Error
///       v
///     undoing: the undo of each act that was done or may have been, the latest first --> told
///
/// A gateway that ends in between leaves the intent of the open step in the trail, which the next
/// start answers with "unknown".
class Conductor final : public tools::Work {
public:
    struct Parts {
        const World& world;
        audit::Trail& trail;
        Claims& claims;
        std::shared_ptr<targets::Executor> executor;
        std::vector<tools::Right>
            uses;              // what the tool's steps may need; the first is that of looks
        tools::Right right;    // of the call, and of its acts
        audit::Record record;  // the intent of the call
        std::function<void(const std::string& step)> tell;  // of each step that begins; may be null
        std::function<Status()> may_begin;  // whether the call may still begin; may be null
    };
    Conductor(Parts parts, policy::Permit permit);
    Conductor(const Conductor&) = delete;
    Conductor& operator=(const Conductor&) = delete;
    ~Conductor() override;

    /// The content of the call's answer: what the job returned and its steps; where it failed after
    /// it had begun to act, what became of each step. Errors: those of the job, with nothing begun,
    /// when no step had changed anything.
    Task<Result<tools::Content>> run(std::function<Task<Result<tools::Content>>(tools::Work&)> job);

    Task<Status> until(Wait wait) override;
    Status claim(const Thing& thing) override;
    bool is_rehearsal() const override { return permit_.obligations().dry_run; }

    /// One clause for the record of the outcome: "1 steps done, 1 failed, 3 undone".
    std::string summary() const;

protected:
    Task<Result<targets::ExecutionResult>> do_look(Look look) override;
    Task<Status> do_act(Act act) override;

private:
    /// What became of an act.
    enum class State { planned, done, failed, unknown, undone, left };
    struct Step {
        std::string name;
        State state{State::planned};
        std::string why{};   // it failed, is unknown or left
        std::string does{};  // the operation in words
        tools::Reversal reversal{};
    };

    Task<Result<tools::Content>> failed(Error why);
    Task<void> undo_all();
    Task<void> undo(Step& step, const tools::Undo& undo);
    Task<Status> take_back(const tools::Undo& undo);
    Task<void> settle(const tools::Undo::Settling& settling);
    Task<Result<targets::ExecutionResult>> execute(const tools::Right& right,
                                                   targets::Operation operation,
                                                   std::chrono::milliseconds patience,
                                                   std::chrono::milliseconds left);
    Task<Status> record_intent(const Step& step, const std::string& what);
    Task<void> record_outcome(CallOutcome outcome, std::string detail);
    std::chrono::milliseconds time_left() const;
    nlohmann::json steps_json() const;
    static std::string_view word_of(State state) noexcept;

    const Parts parts_;
    const policy::Permit permit_;
    const Deadline deadline_;
    std::deque<Step> steps_;     // a coroutine may hold on to one
    audit::Record step_record_;  // of the step that is being done
    std::size_t recorded_{0};
    std::vector<Claims::Thing> claimed_;
    std::vector<std::string> by_hand_;  // what is left to do, in the order in which it can be done
    Deadline undone_by_{};              // once undoing has begun
    std::string digested_;              // all acts of a rehearsal, whole
    std::chrono::steady_clock::time_point step_begun_;
};

}  // namespace tailops::call
