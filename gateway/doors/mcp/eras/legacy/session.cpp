#include "gateway/doors/mcp/eras/legacy/session.hpp"

#include "gateway/core/text.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace tailops::mcp::legacy {
namespace {

void stop(const std::shared_ptr<RunningCall>& call)
{
    boost::asio::post(call->home,
                      [call] { call->signal.emit(boost::asio::cancellation_type::terminal); });
}

std::optional<std::uint64_t> stream_number(std::string_view name)
{
    const auto number = parse_int(name, 0);
    return number ? std::optional{static_cast<std::uint64_t>(*number)} : std::nullopt;
}

}  // namespace

bool Session::add(const std::shared_ptr<RunningCall>& call, std::size_t calls_max)
{
    const std::scoped_lock lock{mutex_};
    if (is_ended_ || calls_.size() >= calls_max) return false;
    calls_.push_back(call);
    return true;
}

bool Session::remove(const std::shared_ptr<RunningCall>& call)
{
    const std::scoped_lock lock{mutex_};
    calls_.remove(call);
    return !call->is_withdrawn;
}

void Session::cancel(const MessageId& id)
{
    const std::scoped_lock lock{mutex_};
    for (const auto& call : calls_) {
        if (call->id != id || call->is_withdrawn) continue;
        call->is_withdrawn = true;
        call->outbox->withdraw();
        stop(call);
    }
}

std::string Session::add(const std::shared_ptr<PendingQuestion>& question)
{
    const std::scoped_lock lock{mutex_};
    // A name of our own, so that it differs from whatever ids the client gives its requests.
    auto id = "\"srv-" + std::to_string(++last_question_) + '"';
    questions_.emplace(id, question);
    return id;
}

void Session::forget_question(const std::string& id)
{
    const std::scoped_lock lock{mutex_};
    questions_.erase(id);
}

void Session::resolve(const MessageId& id, JsonPart response)
{
    const std::scoped_lock lock{mutex_};
    const auto at = questions_.find(id.text());
    if (at == questions_.end()) return;
    boost::asio::post(at->second->home,
                      [question = at->second, response = std::move(response)]() mutable {
                          question->response = std::move(response);
                          question->timer.cancel();
                      });
    questions_.erase(at);
}

service::LogLevel Session::log_level() const
{
    const std::scoped_lock lock{mutex_};
    return log_level_;
}

void Session::set_log_level(service::LogLevel level)
{
    const std::scoped_lock lock{mutex_};
    log_level_ = level;
}

bool Session::follow(const std::string& uri, service::MayKnow may_know)
{
    const std::scoped_lock lock{mutex_};
    if (followed_.size() >= followed_max && !followed_.contains(uri)) return false;
    followed_.insert(uri);
    follower_ = std::move(may_know);
    return true;
}

void Session::unfollow(const std::string& uri)
{
    const std::scoped_lock lock{mutex_};
    followed_.erase(uri);
}

std::vector<std::string> Session::followed() const
{
    const std::scoped_lock lock{mutex_};
    return {followed_.begin(), followed_.end()};
}

void Session::listen(service::MayKnow may_know)
{
    const std::scoped_lock lock{mutex_};
    listener_ = std::move(may_know);
}

bool Session::is_to_be_told(const service::change::Resource& resource) const
{
    const std::scoped_lock lock{mutex_};
    return followed_.contains(resource.uri) && service::may_be_told(resource, follower_) &&
           (!listener_ || service::may_be_told(resource, listener_));
}

std::string Session::open_stream(std::shared_ptr<Outbox> outbox)
{
    const std::scoped_lock lock{mutex_};
    if (streams_.size() >= streams_kept_max) {
        // The oldest that waits for nothing any more; else the oldest.
        auto oldest = std::ranges::find_if(
            streams_, [](const auto& stream) { return stream.second->answers_due() == 0; });
        streams_.erase(oldest == streams_.end() ? streams_.begin() : oldest);
    }
    streams_.emplace(++last_stream_, std::move(outbox));
    return std::to_string(last_stream_);
}

void Session::forget_stream(const std::string& name)
{
    const std::scoped_lock lock{mutex_};
    if (const auto number = stream_number(name)) streams_.erase(*number);
}

std::shared_ptr<Outbox> Session::find_stream(std::string_view name) const
{
    if (name == "0") return standalone_;
    const auto number = stream_number(name);
    if (!number) return nullptr;
    const std::scoped_lock lock{mutex_};
    const auto at = streams_.find(*number);
    return at == streams_.end() ? nullptr : at->second;
}

bool Session::is_active() const
{
    if (standalone_->has_reader()) return true;
    const std::scoped_lock lock{mutex_};
    return !calls_.empty();
}

void Session::end()
{
    standalone_->close();
    const std::scoped_lock lock{mutex_};
    is_ended_ = true;
    for (const auto& call : calls_) {
        if (std::exchange(call->is_withdrawn, true)) continue;
        call->outbox->withdraw();
        stop(call);
    }
    streams_.clear();
}

bool Session::is_ended() const
{
    const std::scoped_lock lock{mutex_};
    return is_ended_;
}

}  // namespace tailops::mcp::legacy
