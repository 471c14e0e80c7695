#include "gateway/doors/mcp/wire/outbox.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace asio = boost::asio;

bool Outbox::notify(std::string message, std::string_view key)
{
    const std::scoped_lock lock{mutex_};
    if (!key.empty() && waits(key)) return true;
    if (closed_ || answers_only_ || !make_room(message.size())) return false;
    append({.content = {.body = std::move(message)}, .key = std::string{key}});
    return true;
}

bool Outbox::waits(std::string_view key) const
{
    return std::any_of(kept_.begin() + static_cast<std::ptrdiff_t>(next_), kept_.end(),
                       [key](const Outgoing& outgoing) { return outgoing.key == key; });
}

void Outbox::answers_only()
{
    const std::scoped_lock lock{mutex_};
    answers_only_ = true;
}

void Outbox::answer(Answer answer)
{
    const std::scoped_lock lock{mutex_};
    if (answers_due_ > 0) --answers_due_;
    if (closed_) return;
    (void)make_room(answer.body.size());
    append({.content = std::move(answer), .is_answer = true});
}

void Outbox::withdraw()
{
    const std::scoped_lock lock{mutex_};
    if (answers_due_ > 0) --answers_due_;
    wake_reader();
}

void Outbox::close()
{
    const std::scoped_lock lock{mutex_};
    closed_ = true;
    wake_reader();
}

/// Gives up the oldest messages that were sent and only kept; those still to send stay.
bool Outbox::make_room(std::size_t bytes)
{
    const auto is_full = [&] {
        return kept_.size() >= bounds_.messages_max || bytes_ + bytes > bounds_.bytes_max;
    };
    while (is_full() && next_ > 0) {
        bytes_ -= kept_.front().content.body.size();
        kept_.pop_front();
        --next_;
    }
    return !is_full();
}

void Outbox::append(Outgoing outgoing)
{
    outgoing.number = ++last_number_;
    bytes_ += outgoing.content.body.size();
    kept_.push_back(std::move(outgoing));
    wake_reader();
}

void Outbox::wake_reader()
{
    if (!wake_) return;
    const auto wake = std::exchange(wake_, nullptr);
    wake();  // only ever posts
}

std::optional<std::uint64_t> Outbox::attach(Takeover takeover)
{
    const std::scoped_lock lock{mutex_};
    if (reader_ != 0 && takeover == Takeover::refuse) return std::nullopt;
    wake_reader();  // the one before, to see that it is replaced
    return reader_ = ++readers_;
}

void Outbox::detach(std::uint64_t reader)
{
    const std::scoped_lock lock{mutex_};
    if (reader_ != reader) return;
    reader_ = 0;
    wake_ = nullptr;
}

void Outbox::interrupt()
{
    const std::scoped_lock lock{mutex_};
    reader_ = 0;
    wake_reader();
}

bool Outbox::has_reader() const
{
    const std::scoped_lock lock{mutex_};
    return reader_ != 0;
}

void Outbox::keep_sent()
{
    const std::scoped_lock lock{mutex_};
    keeps_ = true;
}

bool Outbox::keeps_sent() const
{
    const std::scoped_lock lock{mutex_};
    return keeps_;
}

void Outbox::rewind_to(std::uint64_t number)
{
    const std::scoped_lock lock{mutex_};
    const auto first = std::ranges::find_if(
        kept_, [&](const Outgoing& outgoing) { return outgoing.number > number; });
    next_ = static_cast<std::size_t>(first - kept_.begin());
}

std::optional<Outgoing> Outbox::take(std::uint64_t reader)
{
    const std::scoped_lock lock{mutex_};
    if (reader_ != reader || closed_ || !has_next()) return std::nullopt;
    if (keeps_) return kept_[next_++];
    auto outgoing = std::move(kept_[next_]);
    bytes_ -= outgoing.content.body.size();
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(next_));
    return outgoing;
}

bool Outbox::is_over(std::uint64_t reader) const
{
    const std::scoped_lock lock{mutex_};
    const bool is_answered = has_answers_ && answers_due_ == 0 && !has_next();
    return closed_ || reader_ != reader || is_answered;
}

bool Outbox::is_closed() const
{
    const std::scoped_lock lock{mutex_};
    return closed_;
}

bool Outbox::is_empty() const
{
    const std::scoped_lock lock{mutex_};
    return !has_next();
}

std::size_t Outbox::answers_due() const
{
    const std::scoped_lock lock{mutex_};
    return answers_due_;
}

Task<void> Outbox::wait(std::uint64_t reader, Deadline deadline)
{
    const auto home = co_await asio::this_coro::executor;
    const auto timer = std::make_shared<asio::steady_timer>(home, deadline);
    {
        const std::scoped_lock lock{mutex_};
        const bool is_answered = has_answers_ && answers_due_ == 0;
        if (reader_ != reader || closed_ || is_answered || has_next()) co_return;
        wake_ = [timer] { asio::post(timer->get_executor(), [timer] { timer->cancel(); }); };
    }
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
}

void Outbox::on_next(std::function<void()> wake)
{
    const std::scoped_lock lock{mutex_};
    if (closed_ || has_next())
        wake();
    else
        wake_ = std::move(wake);
}

}  // namespace tailops::mcp
