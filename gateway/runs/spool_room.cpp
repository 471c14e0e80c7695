#include "gateway/runs/spool.hpp"

#include <algorithm>
#include <utility>

/// The part of Spool that makes room: whoever has most loses first.
namespace tailops::runs {
namespace {

// Records are small; so many are a second's reading at the start.
constexpr std::size_t runs_max = 4096;
// When there are more, so many stay: looking for the oldest costs less than for each that comes.
constexpr std::size_t runs_kept = runs_max - runs_max / 16;
// One part in so many of a caller's runs are looks that stay as long as its changes do.
constexpr std::ptrdiff_t looks_share = 4;

}  // namespace

std::map<std::string, std::deque<Spool::Entries::iterator>> Spool::going(const RequestId& keep)
{
    std::map<std::string, std::deque<Entries::iterator>> found;
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (!at->second.is_coming_in && at->first != keep) found[at->second.owner].push_back(at);
    }
    for (auto& [owner, runs] : found) {
        std::ranges::sort(runs, {}, [](const auto& at) { return at->second.since; });
        // What looked goes first, but for a share of it: the latest is what its caller asks for.
        auto looks = std::ranges::count_if(runs, [](auto at) { return !at->second.is_change; });
        looks -= std::ssize(runs) / looks_share;
        std::deque<Entries::iterator> rest;
        std::deque<Entries::iterator> first;
        for (const auto at : runs) {
            const bool goes_first = !at->second.is_change && looks-- > 0;
            (goes_first ? first : rest).push_back(at);
        }
        first.insert(first.end(), rest.begin(), rest.end());
        runs.swap(first);
    }
    return found;
}

bool Spool::make_room(const RequestId& run, std::uint64_t bytes)
{
    const auto lacks_bytes = [&] { return total_bytes_ + bytes > settings_.total_bytes_max; };
    const auto is_full = [&](std::size_t runs) { return lacks_bytes() || entries_.size() > runs; };
    if (!is_full(runs_max)) return true;
    const auto runs = entries_.size() > runs_max ? runs_kept : runs_max;
    struct Share {
        std::uint64_t bytes{0};
        std::uint64_t runs{0};
    };
    std::map<std::string, Share> shares;
    for (const auto& [id, entry] : entries_) {
        auto& share = shares[entry.owner];
        share.bytes += entry.output_bytes + entry.record.bytes;
        ++share.runs;
    }
    auto candidates = going(run);
    while (is_full(runs) && !candidates.empty()) {
        const auto most = std::ranges::max_element(candidates, {}, [&](const auto& one) {
            const auto& share = shares[one.first];
            return lacks_bytes() ? share.bytes : share.runs;
        });
        const auto at = most->second.front();
        most->second.pop_front();
        auto& share = shares[most->first];
        share.bytes -= at->second.output_bytes + at->second.record.bytes;
        --share.runs;
        if (most->second.empty()) candidates.erase(most);
        drop(at);
    }
    return !is_full(runs_max);
}

bool Spool::take_room(const RunRecord& record, std::uint64_t bytes)
{
    bool has_room = false;
    bool has_dropped = false;
    {
        const std::scoped_lock lock{mutex_};
        auto& coming = coming_bytes_[record.owner];
        const auto share = std::max(settings_.total_bytes_max / 2, settings_.run_bytes_max);
        has_room = coming + bytes <= share && make_room(record.shown.id, bytes);
        has_dropped = !gone_.empty();
        if (has_room) {
            auto& entry = entry_of(record);
            coming += bytes + (entry.is_coming_in ? 0 : entry.output_bytes);
            entry.is_coming_in = true;
            entry.output_bytes += bytes;
            total_bytes_ += bytes;
        } else if (coming == 0) {
            coming_bytes_.erase(record.owner);
        }
    }
    if (has_dropped) record_gone();
    return has_room;
}

void Spool::end_of_input(const RequestId& run)
{
    const std::scoped_lock lock{mutex_};
    const auto at = entries_.find(run);
    if (at == entries_.end() || !std::exchange(at->second.is_coming_in, false)) return;
    const auto coming = coming_bytes_.find(at->second.owner);
    if (coming == coming_bytes_.end()) return;
    coming->second -= std::min(coming->second, at->second.output_bytes);
    if (coming->second == 0) coming_bytes_.erase(coming);
}

}  // namespace tailops::runs
