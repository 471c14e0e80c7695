#include "gateway/mcp/counters.hpp"

namespace tailops::mcp {

void Counters::count_request(Revision revision, std::string_view client)
{
    requests_[static_cast<std::size_t>(revision)].fetch_add(1, std::memory_order_relaxed);
    // 80 bytes: a name is for reading; a longer one is no name.
    if (client.empty() || client.size() > 80) client = "unnamed";
    const std::scoped_lock lock{mutex_};
    auto at = clients_.find(client);
    if (at == clients_.end()) {
        const auto name = clients_.size() < clients_max ? client : std::string_view{"other"};
        at = clients_.try_emplace(std::string{name}).first;
    }
    ++at->second[is_modern(revision) ? 1 : 0];
}

void Counters::count_error(int code)
{
    const std::scoped_lock lock{mutex_};
    ++errors_[code];
}

Counters::Totals Counters::totals() const
{
    Totals totals;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
        totals.requests[i] = requests_[i].load(std::memory_order_relaxed);
    }
    const std::scoped_lock lock{mutex_};
    totals.errors = errors_;
    totals.clients = clients_;
    return totals;
}

}  // namespace tailops::mcp
