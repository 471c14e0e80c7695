#include "targets/ssh/login_shell.hpp"

#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"
#include "targets/ssh/quoting.hpp"

#include <algorithm>
#include <array>

namespace tailops::targets::ssh {
namespace {

// Computed there, so that the line itself, sent back by a forced command, is no proof. One that
// splits the line into words and puts it together again loses a blank.
constexpr std::string_view proof_script = "printf 'tailops  %s' $((6*7))";
constexpr std::string_view proof = "tailops  42";
// Every shell that has variables at all prints one this way.
constexpr std::string_view name_line = "echo $SHELL";
// What start-up files may print around the proof.
constexpr std::size_t answer_bytes_max = 16'384;

/// Shells seen running our lines (login_shell_test.cpp): with one of these the fault lies
/// elsewhere.
constexpr auto able_shells = std::to_array<std::string_view>(
    {"sh", "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "ksh93", "mksh", "tcsh", "zsh"});

// A function, because GCC 12 moves an aggregate made in a coroutine's expression byte by byte.
std::shared_ptr<const Order> question(std::string line, Deadline deadline)
{
    auto order = std::make_shared<Order>();
    order->line = std::move(line);
    order->bounds.limit_bytes = answer_bytes_max;
    order->deadline = deadline;
    return order;
}

/// What kept the question from being answered, told as of the command that waits for it.
Error unasked(const Session& session, Attempt attempt)
{
    const auto name = quote(session.target());
    auto error = std::move(attempt.result).error();
    switch (error.code()) {
    case Errc::unreachable:
        if (!attempt.sent) break;
        return Error{Errc::unreachable,
                     "the connection to target " + name + " was lost; the command was not started"}
            .because(std::move(error))
            .with_nothing_begun();
    case Errc::deadline_exceeded:
        return Error{Errc::deadline_exceeded,
                     "the login shell of target " + name +
                         " did not answer in time; the command was not started"}
            .with_nothing_begun();
    case Errc::cancelled:
        return Error{Errc::cancelled, "the call was cancelled; the command was not started"}
            .with_nothing_begun();
    default: break;
    }
    return std::move(error).with_nothing_begun();
}

Error refusal(const Session& session, const std::string& shell, const ExecutionResult& answer)
{
    const auto target = "target " + quote(session.target());
    std::string why = target +
                      " answers our commands with something else; look there for ForceCommand, "
                      "for command= in authorized_keys and for a login shell such as nologin";
    if (std::ranges::find(able_shells, shell) != able_shells.end()) {
        why = target + " does not run our commands, though its login shell is " + shell +
              "; look there for ForceCommand, a restricted mode and start-up files that end the "
              "shell";
    } else if (!shell.empty()) {
        why = "the login shell of " + target + " is " + shell +
              ", which cannot be made to run our commands safely; give the account another one "
              "there, e.g. `chsh -s /bin/sh`";
    }
    return Error{Errc::unauthorized_there, std::move(why)}
        .with_detail("it answered " + quote(answer.output) + " and " + quote(answer.diagnostics))
        .with_nothing_begun();
}

}  // namespace

std::string shell_name(std::string_view printed)
{
    while (!printed.empty() && (printed.back() == '\n' || printed.back() == '\r')) {
        printed.remove_suffix(1);
    }
    // Start-up files may have printed lines before.
    const auto line = printed.substr(printed.rfind('\n') + 1);
    if (!line.starts_with('/')) return {};
    const auto name = line.substr(line.rfind('/') + 1);
    constexpr std::size_t name_bytes_max = 32;
    const bool is_name =
        !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '.' || c == '_' || c == '-';
        });
    return is_name ? std::string{name} : std::string{};
}

Task<Status> prove_login_shell(std::shared_ptr<Session> session, Deadline deadline, Timing timing)
{
    if (session->is_shell_proven()) co_return Status{};
    const auto first = question(login_line(proof_script), deadline);
    auto proven = co_await run_order(session, first, timing);
    if (!proven.result) co_return fail(unasked(*session, std::move(proven)));
    if (proven.result->output.find(proof) != std::string::npos) {
        session->shell_proven();
        co_return Status{};
    }
    const auto second = question(std::string{name_line}, deadline);
    const auto named = co_await run_order(session, second, timing);
    const auto shell = named.result ? shell_name(named.result->output) : std::string{};
    co_return fail(refusal(*session, shell, *proven.result));
}

}  // namespace tailops::targets::ssh
