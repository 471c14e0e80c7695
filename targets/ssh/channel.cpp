#include "targets/ssh/channel.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

// libssh/callbacks.h uses these without including them.
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace tailops::targets::ssh {
namespace {

// The longest name of RFC 4254 has four letters; servers may add their own.
constexpr std::size_t signal_bytes_max = 32;

}  // namespace

/// What libssh calls while it decodes. Only notes what was said: no libssh function may be called
/// from in here.
struct Channel::Callbacks {
    Channel& channel;
    ssh_channel_callbacks_struct table{};

    explicit Callbacks(Channel& owner) : channel{owner}
    {
        ssh_callbacks_init(&table);
        table.userdata = this;
        table.channel_data_function = [](ssh_session, ssh_channel, void* bytes, std::uint32_t size,
                                         int is_diagnostics, void* self) {
            auto& seen = static_cast<Callbacks*>(self)->channel.seen_;
            auto& stream = is_diagnostics != 0 ? seen.diagnostics : seen.output;
            stream.add({static_cast<const char*>(bytes), size});
            return static_cast<int>(size);
        };
        table.channel_exit_status_function = [](ssh_session, ssh_channel, int status, void* self) {
            static_cast<Callbacks*>(self)->note([&](Seen& seen) { seen.status = status; });
        };
        table.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* name, int,
                                                const char*, const char*, void* self) {
            static_cast<Callbacks*>(self)->note([&](Seen& seen) {
                seen.signal = std::string_view{name}.substr(0, signal_bytes_max);
            });
        };
        table.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
            static_cast<Callbacks*>(self)->note([](Seen& seen) { seen.eof = true; });
        };
        table.channel_close_function = [](ssh_session, ssh_channel, void* self) {
            static_cast<Callbacks*>(self)->note([](Seen& seen) { seen.closed = true; });
        };
    }

    template <class Change>
    void note(Change change)
    {
        change(channel.seen_);
        channel.listener_.wakeup.ring();
    }
};

Channel::Channel(std::shared_ptr<Session> session, const OutputBounds& bounds)
    : session_{std::move(session)},
      seen_{.output = {OutputStream::output, bounds},
            .diagnostics = {OutputStream::diagnostics, bounds}},
      listener_{*session_},
      callbacks_{std::make_unique<Callbacks>(*this)}
{
}

Channel::~Channel()
{
    if (channel_ == nullptr) return;
    // libssh keeps a channel until the server has closed it too; our callbacks end here.
    ssh_remove_channel_callbacks(channel_, &callbacks_->table);
    session_->retire(channel_);
}

void Channel::take_output(ExecutionResult& result)
{
    std::move(seen_.output).finish(result);
    std::move(seen_.diagnostics).finish(result);
}

/// Calls `call`, which answers SSH_AGAIN until the server has replied; says whether the reply was
/// good. A server that closes the channel instead has replied, too.
template <class Call>
Task<Result<bool>> Channel::ask(Call call, Deadline deadline)
{
    listener_.on_every_message = true;
    for (;;) {
        if (!session_->is_open()) co_return fail(session_->failure());
        // The answer and the server's CLOSE may have come in one message: then the answer counts.
        const bool was_closed = seen_.closed;
        const int answer = call();
        session_->drive();
        if (answer == SSH_OK) co_return true;
        if (!session_->is_open()) co_return fail(session_->failure());
        if (answer == SSH_ERROR || was_closed) co_return false;
        if (seen_.closed) continue;
        switch (co_await listener_.wakeup.wait(deadline)) {
        case Wake::rung: break;
        case Wake::cancelled: co_return fail(Errc::cancelled, "the caller went away");
        case Wake::deadline:
            co_return fail(Errc::deadline_exceeded,
                           "target " + quote(session_->target()) + " did not answer in time");
        }
    }
}

Task<Status> Channel::open(Deadline deadline)
{
    if (!session_->is_open()) co_return fail(session_->failure());
    channel_ = ssh_channel_new(session_->raw());
    if (channel_ == nullptr || ssh_add_channel_callbacks(channel_, &callbacks_->table) != SSH_OK) {
        ssh_channel_free(std::exchange(channel_, nullptr));
        co_return fail(Errc::internal, "no SSH channel can be created");
    }
    const auto call = [this] { return ssh_channel_open_session(channel_); };
    TAILOPS_CO_TRY(const bool is_open, co_await ask(call, deadline));
    if (is_open) co_return Status{};
    co_return fail(Error{Errc::busy, "target " + quote(session_->target()) +
                                         " has no room for another command; try again"}
                       .with_detail(ssh_get_error(session_->raw())));
}

Task<Status> Channel::execute(std::string line, Deadline deadline)
{
    const auto call = [this, &line] { return ssh_channel_request_exec(channel_, line.c_str()); };
    TAILOPS_CO_TRY(const bool accepted, co_await ask(call, deadline));
    if (accepted) co_return Status{};
    co_return fail(Error{Errc::unauthorized_there,
                         "target " + quote(session_->target()) + " refuses to run commands for us"}
                       .with_detail(ssh_get_error(session_->raw())));
}

Task<Status> Channel::confer(Deadline deadline)
{
    // The one request of libssh that wants an answer and changes nothing: servers refuse it once
    // the command has been started, and the refusal is the answer.
    const auto call = [this] { return ssh_channel_request_env(channel_, "TAILOPS_THERE", ""); };
    TAILOPS_CO_CHECK(co_await ask(call, deadline));
    co_return Status{};
}

std::size_t Channel::write(std::string_view bytes)
{
    if (!session_->is_open()) return 0;
    constexpr std::size_t most{std::numeric_limits<int>::max()};
    const auto size = static_cast<std::uint32_t>(std::min(bytes.size(), most));
    const int written = ssh_channel_write(channel_, bytes.data(), size);
    session_->drive();
    return written > 0 ? static_cast<std::size_t>(written) : 0;
}

void Channel::end_input()
{
    if (!session_->is_open()) return;
    ssh_channel_send_eof(channel_);
    session_->drive();
}

void Channel::signal(const char* name)
{
    if (!session_->is_open()) return;
    ssh_channel_request_send_signal(channel_, name);
    session_->drive();
}

Task<Wake> Channel::wait(Deadline deadline)
{
    listener_.on_every_message = false;
    co_return co_await listener_.wakeup.wait(deadline);
}

Task<Wake> Channel::wait_for_message(Deadline deadline)
{
    listener_.on_every_message = true;
    co_return co_await listener_.wakeup.wait(deadline);
}

}  // namespace tailops::targets::ssh
