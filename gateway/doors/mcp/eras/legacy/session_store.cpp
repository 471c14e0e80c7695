#include "gateway/doors/mcp/eras/legacy/session_store.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/log.hpp"
#include "gateway/doors/mcp/subscriptions.hpp"

namespace tailops::mcp::legacy {

Result<std::shared_ptr<Session>> SessionStore::open(Session::Terms terms)
{
    const std::scoped_lock lock{mutex_};
    if (is_draining_) return fail(Errc::unavailable, "the gateway is stopping");
    const auto now = ages_.now();
    drop_expired(now);
    const auto held = counts_.find(terms.principal);
    if (held != counts_.end() && held->second >= bounds_.per_principal_max &&
        !drop_idle_of(terms.principal)) {
        return fail(Errc::busy, "you have too many sessions in use; end one and try again");
    }
    if (entries_.size() >= bounds_.sessions_max) {
        return fail(Errc::busy, "too many sessions are open; try again later");
    }
    // 24 bytes: more than can be guessed, and visible ASCII once encoded.
    auto session = std::make_shared<Session>(to_base64url(random_bytes(24)), std::move(terms));
    entries_.push_front({session, now});
    by_id_.emplace(session->id(), entries_.begin());
    ++counts_[session->terms().principal];
    log(Event::session_opened, {{"client", session->terms().client},
                                {"revision", std::string{to_string(session->terms().revision)}}});
    return session;
}

std::shared_ptr<Session> SessionStore::find(std::string_view id, std::string_view principal)
{
    const std::scoped_lock lock{mutex_};
    const auto now = ages_.now();
    drop_expired(now);
    const auto entry = find_entry(id, principal);
    if (entry == entries_.end()) return nullptr;
    entry->used = now;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->session;
}

bool SessionStore::close(std::string_view id, std::string_view principal)
{
    const std::scoped_lock lock{mutex_};
    const auto entry = find_entry(id, principal);
    if (entry == entries_.end()) return false;
    drop(entry);
    return true;
}

void SessionStore::publish(const service::Change& change)
{
    if (std::holds_alternative<service::change::Task>(change)) return;
    const auto* resource = std::get_if<service::change::Resource>(&change);
    const auto notice = notice_of(change);
    const auto message = notification_message(notice.method, '{' + notice.members + '}');
    const std::scoped_lock lock{mutex_};
    for (const auto& entry : entries_) {
        if (resource && !entry.session->is_to_be_told(*resource)) continue;
        entry.session->standalone()->notify(message, notice.key);
    }
}

void SessionStore::publish_followed()
{
    const std::scoped_lock lock{mutex_};
    for (const auto& entry : entries_) {
        for (auto& uri : entry.session->followed()) {
            const service::change::Resource resource{std::move(uri)};
            if (!entry.session->is_to_be_told(resource)) continue;
            const auto notice = notice_of(resource);
            entry.session->standalone()->notify(
                notification_message(notice.method, '{' + notice.members + '}'), notice.key);
        }
    }
}

void SessionStore::drain()
{
    const std::scoped_lock lock{mutex_};
    is_draining_ = true;
    for (const auto& entry : entries_) entry.session->standalone()->close();
}

void SessionStore::end_all()
{
    const std::scoped_lock lock{mutex_};
    while (!entries_.empty()) drop(entries_.begin());
}

std::size_t SessionStore::size() const
{
    const std::scoped_lock lock{mutex_};
    return entries_.size();
}

/// Looks at the least recently used only; an active one among them counts as used now, so that each
/// is looked at once per idle time.
void SessionStore::drop_expired(TimePoint now)
{
    for (auto left = entries_.size(); left > 0; --left) {
        const auto last = std::prev(entries_.end());
        if (now - last->used < bounds_.idle_timeout) return;
        if (last->session->is_active()) {
            last->used = now;
            entries_.splice(entries_.begin(), entries_, last);
        } else {
            drop(last);
        }
    }
}

bool SessionStore::drop_idle_of(const std::string& principal)
{
    for (auto entry = entries_.end(); entry != entries_.begin();) {
        --entry;
        if (entry->session->terms().principal == principal && !entry->session->is_active()) {
            drop(entry);
            return true;
        }
    }
    return false;
}

void SessionStore::drop(Entries::iterator entry)
{
    const auto session = entry->session;
    by_id_.erase(session->id());
    const auto count = counts_.find(session->terms().principal);
    if (--count->second == 0) counts_.erase(count);
    entries_.erase(entry);
    session->end();
    log(Event::session_closed, {{"client", session->terms().client}});
}

SessionStore::Entries::iterator SessionStore::find_entry(std::string_view id,
                                                         std::string_view principal)
{
    const auto at = by_id_.find(id);
    if (at == by_id_.end()) return entries_.end();
    return at->second->session->terms().principal == principal ? at->second : entries_.end();
}

}  // namespace tailops::mcp::legacy
