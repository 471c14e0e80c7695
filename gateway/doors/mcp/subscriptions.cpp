#include "gateway/doors/mcp/subscriptions.hpp"

#include "gateway/doors/mcp/wire/json_text.hpp"

namespace tailops::mcp {
namespace {

struct NoticeWriter {
    Notice operator()(const service::change::Tools&) const
    {
        return {"notifications/tools/list_changed", {}, "tools"};
    }
    Notice operator()(const service::change::Prompts&) const
    {
        return {"notifications/prompts/list_changed", {}, "prompts"};
    }
    Notice operator()(const service::change::Resources&) const
    {
        return {"notifications/resources/list_changed", {}, "resources"};
    }
    Notice operator()(const service::change::Resource& resource) const
    {
        return {"notifications/resources/updated", R"("uri":)" + json_string(resource.uri),
                "resource " + resource.uri};
    }
    /// Each state of a task is news of its own, so none stands for another.
    Notice operator()(const service::change::Task& task) const
    {
        return {"notifications/tasks", task.task.substr(1, task.task.size() - 2), {}};
    }
};

bool wants(const Subscriptions::Stream& stream, const service::Change& change)
{
    struct Visitor {
        const Subscriptions::Stream& stream;
        bool operator()(const service::change::Tools&) const { return stream.interests.tools; }
        bool operator()(const service::change::Prompts&) const { return stream.interests.prompts; }
        bool operator()(const service::change::Resources&) const
        {
            return stream.interests.resources;
        }
        bool operator()(const service::change::Resource& resource) const
        {
            return stream.interests.uris.contains(resource.uri) &&
                   service::may_be_told(resource, stream.may_know);
        }
        bool operator()(const service::change::Task& task) const
        {
            return stream.principal == task.principal && stream.interests.tasks.contains(task.id);
        }
    };
    return std::visit(Visitor{stream}, change);
}

}  // namespace

std::string subscription_meta(const MessageId& id)
{
    std::string meta = R"("_meta":{"io.modelcontextprotocol/subscriptionId":)";
    id.append_to(meta);
    return meta + '}';
}

Notice notice_of(const service::Change& change)
{
    return std::visit(NoticeWriter{}, change);
}

Subscriptions::Place::~Place()
{
    if (!all_) return;
    const std::scoped_lock lock{all_->mutex_};
    const auto count = all_->counts_.find(at_->principal);
    if (--count->second == 0) all_->counts_.erase(count);
    all_->streams_.erase(at_);
}

Result<Subscriptions::Place> Subscriptions::add(Stream stream)
{
    const std::scoped_lock lock{mutex_};
    if (is_draining_) return fail(Errc::unavailable, "the gateway is stopping");
    if (streams_.size() >= bounds_.streams_max) {
        return fail(Errc::busy, "too many subscriptions are open; try again later");
    }
    auto& held = counts_[stream.principal];
    if (held >= bounds_.per_principal_max) {
        return fail(Errc::busy, "you have too many subscriptions open; close one and try again");
    }
    ++held;
    stream.outbox->notify(stream.greeting);
    streams_.push_front(std::move(stream));
    return Place{*this, streams_.begin()};
}

void Subscriptions::publish(const service::Change& change)
{
    std::optional<Notice> notice;  // written once, and only if somebody wants it
    const std::scoped_lock lock{mutex_};
    for (auto& stream : streams_) {
        if (!wants(stream, change)) continue;
        if (!notice) notice = notice_of(change);
        tell(stream, *notice);
    }
}

void Subscriptions::publish_followed()
{
    const std::scoped_lock lock{mutex_};
    for (auto& stream : streams_) {
        for (const auto& uri : stream.interests.uris) {
            if (stream.may_know(uri)) tell(stream, notice_of(service::change::Resource{uri}));
        }
    }
}

void Subscriptions::tell(Stream& stream, const Notice& notice)
{
    const auto comma = notice.members.empty() ? "" : ",";
    stream.outbox->notify(
        notification_message(notice.method,
                             '{' + notice.members + comma + subscription_meta(stream.id) + '}'),
        notice.key);
}

void Subscriptions::drain()
{
    const std::scoped_lock lock{mutex_};
    is_draining_ = true;
    for (auto& stream : streams_) stream.end();
}

std::size_t Subscriptions::size() const
{
    const std::scoped_lock lock{mutex_};
    return streams_.size();
}

}  // namespace tailops::mcp
