#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/core/error.hpp"
#include "gateway/core/try.hpp"
#include "targets/operation.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tailops::tools {

/// What a step asks of the target, and how the answer reads.
template <class T>
struct Ask {
    targets::Operation operation;
    std::function<Result<T>(const targets::ExecutionResult&)> read;
    std::chrono::milliseconds patience{0};  // its time, where neither policy nor target set one
};

/// What takes a step back. It must do no harm where the step was never done: a step whose outcome
/// is unknown is taken back as well.
struct Undo {
    std::string step;  // "start the old container again"
    targets::Operation operation;
    std::function<Status(const targets::ExecutionResult&)> accept;
    std::chrono::milliseconds patience{0};

    /// Of a step whose outcome is unknown, which the target may be busy with still: looked at until
    /// it says that the step is over, or its time is.
    struct Settling {
        targets::Operation look;
        std::function<Result<bool>(const targets::ExecutionResult&)> is_over;
        std::chrono::milliseconds time{};
    };
    std::optional<Settling> settling{};
};

/// What becomes of an act when a later step fails. `Irreversible`: it is told that it was done and
/// stays. `Stays`: it may stay, and nobody needs to look after it.
struct Irreversible {};
struct Stays {};
using Reversal = std::variant<Irreversible, Stays, Undo>;

/// How the job of a tool that takes several steps is done: each step goes through here, and what
/// the call was not permitted is not done. A step is named as what it does, in lower case: "pull
/// the image".
///
/// When the job returns an Error, what it did is undone in reverse. When it returns a result, what
/// it did stays done, also where a step failed.
///
/// What is handed over in an awaited call is a local with a name: g++ 12 destroys aggregates and
/// closures there twice.
///
/// Belongs to one call and its strand. Cancelling a job that has begun to act does nothing.
class Work {
public:
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;

    /// Looks at the target: at tier observe, and in a rehearsal too. Errors: those of the executor
    /// and of the reader.
    template <class T>
    Task<Result<T>> look(std::string step, Ask<T> ask)
    {
        Look look{std::move(step), std::move(ask.operation), ask.patience};
        TAILOPS_CO_TRY(const auto result, co_await do_look(std::move(look)));
        co_return ask.read(result);
    }

    /// Changes something on the target. In a rehearsal it is described, and a blank T is the
    /// answer. Errors: those of the executor and of the reader (then nothing was done);
    /// unavailable, when the trail cannot tell of it.
    template <class T>
    Task<Result<T>> act(std::string step, Ask<T> ask, Reversal reversal)
    {
        std::function<Reversal(const T&)> as_before{};
        co_return co_await act(std::move(step), std::move(ask), std::move(reversal),
                               std::move(as_before));
    }
    /// The same. `reversal` is for while the outcome is unknown; what was made has that of
    /// `once_made`.
    template <class T>
    Task<Result<T>> act(std::string step,
                        Ask<T> ask,
                        Reversal reversal,
                        std::function<Reversal(const T&)> once_made)
    {
        std::optional<T> made;
        Act act{
            .step = std::move(step),
            .operation = std::move(ask.operation),
            .patience = ask.patience,
            .accept = [&made, read = std::move(ask.read), once_made = std::move(once_made)](
                          const targets::ExecutionResult& result, Reversal& way_back) -> Status {
                TAILOPS_TRY(made, read(result));
                if (once_made) way_back = once_made(*made);
                return {};
            },
            .reversal = std::move(reversal)};
        TAILOPS_CO_CHECK(co_await do_act(std::move(act)));
        co_return made ? *std::move(made) : T{};
    }

    /// Looks again and again until `holds` says so. A rehearsal does not wait. Errors: those of
    /// `holds` (it never will) and of the executor; deadline_exceeded.
    struct Wait {
        std::string step;  // "wait until the new container is healthy"
        targets::Operation operation;
        std::function<Result<bool>(const targets::ExecutionResult&)> holds;
        std::chrono::milliseconds time{};
        std::chrono::milliseconds steady_for{0};                   // it has to hold for so long
        std::chrono::milliseconds pause{std::chrono::seconds{1}};  // at most, between two looks
    };
    virtual Task<Status> until(Wait wait) = 0;

    /// Keeps other calls of this gateway that change something from a thing of this target until
    /// the job has ended. Errors: busy, when another job has it.
    struct Thing {
        std::string kind;  // "container", as of Naming
        std::string word;
        bool is_unique{false};  // no other target has one of that word, unless it is the same
    };
    virtual Status claim(const Thing& thing) = 0;

    /// Whether nothing is changed: looks are real, acts are told.
    virtual bool is_rehearsal() const = 0;

protected:
    struct Look {
        std::string step;
        targets::Operation operation;
        std::chrono::milliseconds patience{0};
    };
    struct Act {
        std::string step;
        targets::Operation operation;
        std::chrono::milliseconds patience{0};
        std::function<Status(const targets::ExecutionResult&, Reversal& way_back)> accept;
        Reversal reversal{};
    };
    virtual Task<Result<targets::ExecutionResult>> do_look(Look look) = 0;
    virtual Task<Status> do_act(Act act) = 0;
};

}  // namespace tailops::tools
