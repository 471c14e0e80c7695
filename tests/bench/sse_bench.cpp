// Progress notifications per second on one event stream, from a handler through outbox, delivery
// and the HTTP server to one reader on a loopback socket.
//
//   sse_bench [notifications]

#include "gateway/async/runtime.hpp"
#include "gateway/core/text.hpp"
#include "gateway/doors/mcp/wire/delivery.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/http/server.hpp"
#include "tests/bench/figure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

namespace tailops {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

std::string progress(int number)
{
    std::string params = R"({"progressToken":"p-1","progress":)" + std::to_string(number);
    params += R"(,"total":1000000,"message":"web-01: 17 of 40 units are up"})";
    return mcp::notification_message("notifications/progress", params);
}

constexpr std::string_view the_answer =
    R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}})";

/// Says `count` notifications and then answers. The outbox drops what finds no room; this handler
/// waits for it instead, so that each one arrives.
Task<mcp::Answer> talk(std::shared_ptr<mcp::Outbox> outbox, int count)
{
    const auto home = co_await asio::this_coro::executor;
    for (int i = 0; i < count; ++i) {
        auto message = progress(i);
        while (!outbox->notify(message)) co_await asio::post(home, asio::use_awaitable);
    }
    mcp::Answer answer;
    answer.body = the_answer;
    co_return answer;
}

/// The way of a tool call: /plain as in 2026-07-28; /numbered with event ids, kept for a reader who
/// comes back, as the 2025 revisions have it; /direct without outbox and delivery.
Task<void> serve(const http::Request& request, http::Exchange& exchange, int count)
{
    if (request.path == "/direct") {
        auto begun = co_await exchange.begin_events(http::Headers{});
        for (int i = 0; begun && i < count; ++i) {
            const auto message = progress(i);
            begun = co_await exchange.event(std::string_view{}, message);
        }
        (void)co_await exchange.event(std::string_view{}, the_answer);
        co_return;
    }
    auto outbox = std::make_shared<mcp::Outbox>(1);
    mcp::DeliveryOptions options;
    options.accepts = {.json = true, .events = true};
    if (request.path == "/numbered") options.stream = "0123456789abcdef";
    co_await mcp::run_and_deliver(talk(outbox, count), outbox, exchange, std::move(options));
}

/// Pins the calling thread where there are two cores to choose from, so that reader and server do
/// not change places.
void take_core(std::size_t number)
{
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed) || number-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ::sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

double thread_cpu_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A server with one thread, until it goes out of scope.
class Served {
public:
    explicit Served(int count)
    {
        http::ServerSettings settings;
        settings.listen = {{"127.0.0.1", 0}};
        server_ = http::Server::start(
                      runtime_.io.get_executor(), std::move(settings),
                      [count](http::Request request, http::Exchange& exchange) -> Task<void> {
                          co_await serve(request, exchange, count);
                      })
                      .value();
        thread_ = std::jthread{[this] {
            take_core(1);
            runtime_.run();
        }};
    }
    ~Served()
    {
        asio::co_spawn(runtime_.io, server_->stop(), asio::use_future).get();
        work_.reset();
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    std::uint16_t port() const { return server_->endpoints().front().port(); }

    /// CPU time that the server's thread has used.
    double cpu_seconds()
    {
        return asio::post(runtime_.io, asio::use_future([] { return thread_cpu_seconds(); })).get();
    }

private:
    Runtime runtime_{1, 1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{runtime_.io.get_executor()};
    std::shared_ptr<http::Server> server_;
    std::jthread thread_;
};

/// Counts events in what one GET brings, up to the answer.
class Reader {
public:
    explicit Reader(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        const timeval patience{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            throw std::runtime_error{"no connection"};
        }
    }
    ~Reader() { ::close(socket_); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// How many notifications came before the answer.
    int read(std::string_view path)
    {
        const auto request = "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
            throw std::runtime_error{"the server closed"};
        }
        int notifications = 0;
        for (;;) {
            fill();
            notifications += take(R"("method":"notifications/progress")");
            if (held_.find(the_answer) != std::string::npos) return notifications;
            if (held_.size() > tail_bytes) held_.erase(0, held_.size() - tail_bytes);
        }
    }

private:
    static constexpr std::size_t tail_bytes = 512;

    void fill()
    {
        char bytes[65536];
        const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
        if (got <= 0) throw std::runtime_error{"the stream broke off"};
        held_.append(bytes, static_cast<std::size_t>(got));
    }

    /// Counts `mark`, and removes what lies before the end of the last one.
    int take(std::string_view mark)
    {
        int count = 0;
        std::size_t end = 0;
        for (auto at = held_.find(mark); at != std::string::npos; at = held_.find(mark, end)) {
            ++count;
            end = at + mark.size();
        }
        held_.erase(0, end);
        return count;
    }

    int socket_;
    std::string held_;
};

/// Notifications per second, the best of three: the others measure our neighbours on the machine.
double measure(const char* name, std::string_view path, int count)
{
    double best = 0;
    double cpu = 0;
    Served served{count};
    for (int round = 0; round < 3; ++round) {
        Reader reader{served.port()};
        const auto cpu_before = served.cpu_seconds();
        const auto began = steady_clock::now();
        const int got = reader.read(path);
        const std::chrono::duration<double> took = steady_clock::now() - began;
        if (got != count) {
            throw std::runtime_error{std::to_string(got) + " of " + std::to_string(count) +
                                     " notifications arrived"};
        }
        if (count / took.count() < best) continue;
        best = count / took.count();
        cpu = (served.cpu_seconds() - cpu_before) / count * 1e6;
    }
    std::printf("%-44s %8.0f notifications/s  %5.2f us CPU each\n", name, best, cpu);
    return best;
}

}  // namespace
}  // namespace tailops

int main(int argc, char** argv)
try {
    using namespace tailops;
    const int count =
        argc > 1 ? static_cast<int>(parse_int(argv[1], 1, 10'000'000).value()) : 200'000;
    take_core(0);
    measure("straight to the exchange", "/direct", count);
    const double plain = measure("through outbox and delivery (2026-07-28)", "/plain", count);
    measure("the same with event ids, resumable (2025)", "/numbered", count);
    bench::report({.what = "progress notifications on one stream",
                   .measured = plain,
                   .unit = "/s",
                   .wanted = bench::Wanted::at_least,
                   .goal = 150'000});
} catch (const std::exception& error) {
    std::fprintf(stderr, "sse_bench: %s\n", error.what());
    return 1;
}
