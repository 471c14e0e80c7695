#include "gateway/net/lookups.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace tailops::net {
namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

// Names that wait for a thread; the next one is told to try again.
constexpr std::size_t waiting_max = 256;
// A thread without work ends after this long.
constexpr auto idle_time = 30s;

/// One who waits for a name. Belongs to the strand of its timer; others only post to it.
struct Waiter {
    explicit Waiter(const asio::any_io_executor& home)
        : answered{home, asio::steady_timer::time_point::max()}
    {
    }
    asio::steady_timer answered;  // cancelled when the answer is in
    std::optional<Found> found{};
};

/// One name that is looked up, or will be.
struct Lookup {
    std::string name;
    std::vector<std::shared_ptr<Waiter>> waiters;
};

error_code error_of(int number)
{
    switch (number) {
    case EAI_AGAIN: return asio::error::host_not_found_try_again;
    case EAI_FAIL: return asio::error::no_recovery;
    case EAI_MEMORY: return asio::error::no_memory;
    case EAI_SYSTEM: return {errno, boost::system::system_category()};
    default: return asio::error::host_not_found;
    }
}

std::optional<asio::ip::address> address_of(const addrinfo& entry)
{
    if (entry.ai_family == AF_INET && entry.ai_addrlen >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, entry.ai_addr, sizeof in);
        return asio::ip::address_v4{ntohl(in.sin_addr.s_addr)};
    }
    if (entry.ai_family == AF_INET6 && entry.ai_addrlen >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, entry.ai_addr, sizeof in);
        asio::ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
        return asio::ip::address_v6{bytes, in.sin6_scope_id};
    }
    return std::nullopt;
}

}  // namespace

Found look_up(const std::string& name)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    errno = 0;
    if (const int failed = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); failed != 0) {
        // Who could open neither a file nor a socket for it says all the same that there is no such
        // name.
        const bool is_our_shortage = errno == EMFILE || errno == ENFILE;
        return {error_of(is_our_shortage ? EAI_SYSTEM : failed), {}};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
    Found found;
    for (const auto* entry = list; entry; entry = entry->ai_next) {
        if (auto address = address_of(*entry)) found.addresses.push_back(*address);
    }
    if (found.addresses.empty()) found.error = asio::error::host_not_found;
    return found;
}

struct Lookups::Core : std::enable_shared_from_this<Core> {
    Core(LookUp function, std::size_t bound) : how{std::move(function)}, threads_max{bound} {}

    /// False: there is no room, or no answer will be given any more.
    bool join(const std::string& name, const std::shared_ptr<Waiter>& waiter)
    {
        const std::scoped_lock lock{mutex};
        if (closed) return false;
        auto& lookup = known[name];
        if (!lookup) {
            if (queue.size() >= waiting_max) {
                known.erase(name);
                return false;
            }
            if (idle <= queue.size() && threads < threads_max && !start_thread() && threads == 0) {
                known.erase(name);
                return false;
            }
            lookup = std::make_shared<Lookup>(Lookup{name, {}});
            queue.push_back(lookup);
            work_came.notify_one();
        }
        lookup->waiters.push_back(waiter);
        return true;
    }

    void leave(const std::string& name, const std::shared_ptr<Waiter>& waiter)
    {
        const std::scoped_lock lock{mutex};
        const auto at = known.find(name);
        if (at != known.end()) std::erase(at->second->waiters, waiter);
    }

    void close()
    {
        const std::scoped_lock lock{mutex};
        closed = true;
        for (const auto& [name, lookup] : known) lookup->waiters.clear();
        known.clear();
        queue.clear();
        work_came.notify_all();
    }

    /// False: the system gives us no further one. Detached on purpose: a process that ends must not
    /// wait for name servers that are silent. The thread owns all that it touches.
    bool start_thread() noexcept
    {
        try {
            std::thread{[self = shared_from_this()] { self->work(); }}.detach();
        } catch (const std::system_error&) {
            return false;
        }
        ++threads;
        return true;
    }

    void work()
    {
        while (const auto lookup = next()) tell(*lookup, how(lookup->name));
    }

    /// Null: this thread is to end.
    std::shared_ptr<Lookup> next()
    {
        std::unique_lock lock{mutex};
        for (;;) {
            while (!queue.empty()) {
                auto first = std::move(queue.front());
                queue.pop_front();
                if (!first->waiters.empty()) return first;
                known.erase(first->name);
            }
            if (closed) break;
            ++idle;
            const auto woken = work_came.wait_for(lock, idle_time);
            --idle;
            if (woken == std::cv_status::timeout && queue.empty()) break;
        }
        --threads;
        return nullptr;
    }

    /// All under the lock: after close() no strand is posted to, and no timer of one let go.
    void tell(Lookup& lookup, const Found& found)
    {
        const std::scoped_lock lock{mutex};
        if (closed) return;
        known.erase(lookup.name);
        for (auto& waiter : lookup.waiters) {
            asio::post(waiter->answered.get_executor(), [waiter, found] {
                waiter->found = found;
                waiter->answered.cancel();
            });
        }
        lookup.waiters.clear();
    }

    const LookUp how;
    const std::size_t threads_max;
    std::mutex mutex;
    std::condition_variable work_came;
    std::map<std::string, std::shared_ptr<Lookup>> known;  // guarded by mutex, as is what follows
    std::deque<std::shared_ptr<Lookup>> queue;             // those of `known` that nobody works on
    std::size_t threads{0};
    std::size_t idle{0};
    bool closed{false};
};

Lookups::Lookups(LookUp how, std::size_t threads_max)
    : core_{std::make_shared<Core>(std::move(how), threads_max)}
{
}

Lookups::~Lookups()
{
    close();
}

void Lookups::close() noexcept
{
    core_->close();
}

Task<Found> Lookups::find(std::string name)
{
    const auto core = core_;
    const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
    if (!core->join(name, waiter)) co_return Found{asio::error::host_not_found_try_again, {}};
    co_await waiter->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    if (waiter->found) co_return *std::move(waiter->found);
    core->leave(name, waiter);
    co_return Found{asio::error::operation_aborted, {}};
}

}  // namespace tailops::net
