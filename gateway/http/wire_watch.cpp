#include "gateway/http/wire.hpp"

#include <boost/asio/post.hpp>

#include <poll.h>

/// The part of Wire that notices a client hanging up while its request is answered.
namespace tailops::http {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// What a client may send ahead while its request is answered; with more than that unread, whether
// it has hung up is looked for now and then.
constexpr std::size_t read_ahead_bytes = 16 * 1024;
constexpr auto look_interval = 500ms;

/// Whether the other side has ended, however much it has left unread.
bool has_hung_up(int descriptor)
{
    pollfd look{descriptor, POLLRDHUP, 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace

void Wire::watch(asio::cancellation_signal& signal)
{
    watcher_ = &signal;
    // Inside the read callback the watch starts only if the handler is still there afterwards.
    if (in_read_callback_) return;
    if (!holds_request()) return arm(Direction::read);
    // Not from in here, where the handler has not begun.
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->look_on(); });
}

bool Wire::holds_request() const
{
    return !inbox_.empty() || stream_->holds_input();
}

void Wire::look_on()
{
    const auto is_watched = [this] { return watcher_ && !gone_ && !closed_; };
    while (is_watched() && stream_->holds_input() && inbox_.size() < read_ahead_bytes) {
        check_for_hang_up();
    }
    if (!is_watched()) return;
    if (inbox_.size() < read_ahead_bytes) return arm(Direction::read);
    if (!looker_) looker_.emplace(socket_.get_executor());
    looker_->expires_after(look_interval);
    looker_->async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
        if (stopped || self->closed_) return;
        if (self->watcher_ && has_hung_up(self->socket_.native_handle())) self->hang_up();
        self->look_on();
    });
}

void Wire::check_for_hang_up()
{
    // Bytes are a next request or the empty line before one; they wait for their turn.
    const auto state = read_now(inbox_, read_ahead_bytes);
    if (state == IoState::closed || state == IoState::failed) hang_up();
}

void Wire::hang_up()
{
    gone_ = true;
    if (!watcher_) return;
    auto* signal = watcher_;
    watcher_ = nullptr;
    signal->emit(asio::cancellation_type::terminal);
}

}  // namespace tailops::http
