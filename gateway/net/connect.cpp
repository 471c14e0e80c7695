#include "gateway/net/connect.hpp"

#include "gateway/core/text.hpp"
#include "gateway/net/names.hpp"
#include "gateway/net/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <list>

namespace tailops::net {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using boost::system::error_code;
using Address = asio::ip::address;

// RFC 8305 section 8: the recommended Connection Attempt Delay.
constexpr std::chrono::milliseconds attempt_delay{250};
// A name may have more addresses than anybody would wait for.
constexpr std::size_t attempts_max = 16;

/// The attempts on one server. Shared with their completion handlers, because the one who waits may
/// leave first; all run on the waiter's executor.
struct Race {
    explicit Race(const asio::any_io_executor& executor) : home{executor}, bell{executor} {}

    asio::any_io_executor home;
    asio::steady_timer bell;         // cancelled when an attempt has ended
    std::list<tcp::socket> sockets;  // one per attempt
    std::size_t running{0};
    bool rung{false};
    bool is_over{false};
    std::optional<tcp::socket> winner;
    Address winning;
    error_code failure{asio::error::host_not_found};  // of the attempt that failed last
    std::vector<Address> failed;
};

/// Ends what still runs when the one who waits goes away, by whatever way.
class RaceEnd {
public:
    explicit RaceEnd(std::shared_ptr<Race> race) : race_{std::move(race)} {}
    RaceEnd(const RaceEnd&) = delete;
    RaceEnd& operator=(const RaceEnd&) = delete;
    ~RaceEnd()
    {
        race_->is_over = true;
        error_code ignored;
        for (auto& socket : race_->sockets) socket.close(ignored);
    }

private:
    std::shared_ptr<Race> race_;
};

void start_attempt(const std::shared_ptr<Race>& race, const tcp::endpoint& to)
{
    auto& socket = race->sockets.emplace_back(race->home);
    ++race->running;
    socket.async_connect(to, [race, &socket, address = to.address()](const error_code& error) {
        if (race->is_over) return;
        --race->running;
        if (error) {
            race->failure = error;
            race->failed.push_back(address);
        } else if (!race->winner) {
            race->winner.emplace(std::move(socket));
            race->winning = address;
        }
        race->rung = true;
        race->bell.cancel();
    });
}

/// Whether somebody won; the race says who, or what failed last.
Task<bool> run_race(std::shared_ptr<Race> race, std::vector<Address> order, std::uint16_t port)
{
    std::size_t next = 0;
    while (!race->winner) {
        if (next < order.size()) start_attempt(race, {order[next++], port});
        if (race->running == 0 && next == order.size()) co_return false;
        race->rung = false;
        race->bell.expires_after(attempt_delay);
        if (next == order.size()) race->bell.expires_at(asio::steady_timer::time_point::max());
        const auto [stopped] = co_await race->bell.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped && !race->rung) {
            race->failure = asio::error::operation_aborted;
            co_return false;
        }
    }
    co_return true;
}

void remember(AddressMemory& memory, const std::string& host, std::uint16_t port, const Race& race)
{
    for (const auto& address : race.failed) memory.failed(host, port, address);
    if (race.winner) memory.worked(host, port, race.winning);
}

std::unexpected<ConnectFailure> failed(ConnectFailure::At at, const error_code& error)
{
    return std::unexpected{ConnectFailure{at, error}};
}

}  // namespace

bool is_our_shortage(const error_code& error)
{
    namespace errc = boost::system::errc;
    return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
           error == errc::no_buffer_space || error == errc::not_enough_memory;
}

Error our_shortage(const error_code& error)
{
    return Error{Errc::unavailable, "the gateway can open no connection now (" +
                                        lower_ascii(error.message()) +
                                        "); nothing was sent, try again shortly"};
}

std::vector<Address> attempt_order(const std::vector<Address>& addresses,
                                   const std::optional<Address>& worked)
{
    std::vector<Address> rest = addresses;
    std::vector<Address> order;
    if (worked && std::erase(rest, *worked) > 0) order.push_back(*worked);
    bool wants_v6 = !rest.empty() && rest.front().is_v6();
    if (!order.empty()) wants_v6 = !order.front().is_v6();
    while (!rest.empty() && order.size() < attempts_max) {
        auto at = std::ranges::find(rest, wants_v6, &Address::is_v6);
        if (at == rest.end()) at = rest.begin();
        order.push_back(*at);
        wants_v6 = !at->is_v6();
        rest.erase(at);
    }
    return order;
}

Task<Connected> connect_tcp(std::string host, std::uint16_t port)
{
    using At = ConnectFailure::At;
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    const auto found = co_await resolve(host);
    if (found.error) co_return failed(At::name, found.error);

    auto& memory = names_of(home).memory;
    auto order = attempt_order(found.addresses, memory.of(host, port));
    const auto race = std::make_shared<Race>(home);
    const RaceEnd end{race};
    const bool is_won = co_await run_race(race, std::move(order), port);
    remember(memory, host, port, *race);
    if (!is_won) co_return failed(At::address, race->failure);
    error_code ignored;  // a socket that keeps Nagle's delay still works
    race->winner->set_option(tcp::no_delay{true}, ignored);
    co_return *std::move(race->winner);
}

}  // namespace tailops::net
