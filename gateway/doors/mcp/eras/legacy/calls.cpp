#include "gateway/doors/mcp/eras/legacy/calls.hpp"

#include "gateway/core/log.hpp"
#include "gateway/doors/mcp/methods.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace tailops::mcp::legacy {
namespace {

namespace asio = boost::asio;

/// Owns what the call needs: its client's connection may be gone by now.
Task<Answer> run(std::shared_ptr<Protocol> protocol, std::shared_ptr<const Asked> asked)
{
    co_return co_await dispatch(*protocol, *asked);
}

}  // namespace

Task<void> start_call(std::shared_ptr<Protocol> protocol,
                      std::shared_ptr<Session> session,
                      std::shared_ptr<const Asked> asked)
{
    const auto home = co_await asio::this_coro::executor;
    const auto call = std::make_shared<RunningCall>(asked->message.id, home);
    call->outbox = asked->outbox;
    if (!session->add(call, protocol->settings.calls_per_session_max)) {
        auto why = internal_error("too many calls of this session are under way; try again",
                                  asked->message.id);
        call->outbox->answer(noted(*protocol, *asked, to_answer(std::move(why))));
        co_return;
    }
    ++protocol->legacy_calls;
    auto on_end = [protocol, session, asked, call](std::exception_ptr thrown, Answer answer) {
        --protocol->legacy_calls;
        if (!session->remove(call)) return;  // withdrawn: no message may be sent for it
        if (thrown) {
            log(Event::internal_error, {{"request", asked->request.str()},
                                        {"why", "a legacy call ended without an answer"}});
            answer = to_answer(internal_error("internal error", asked->message.id));
        }
        call->outbox->answer(std::move(answer));
    };
    asio::co_spawn(home, run(protocol, asked),
                   asio::bind_cancellation_slot(call->signal.slot(), std::move(on_end)));
}

}  // namespace tailops::mcp::legacy
