// What it costs to know a caller again: cache hits of introspected tokens, and of the gateway's
// own. Goal: at most 1 us of CPU. And that the cache stays within its bound, and asks once for a
// token that many bring at the same time.

#include "tests/bench/figure.hpp"
#include "tests/unit/auth/introspection_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace tailops::auth {
namespace {

constexpr int tokens_max = 10'000;  // as many as the introspector remembers

double cpu_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// As long as a token of TSIDP.
std::string token_of(int number)
{
    auto text = std::to_string(number);
    return "good" + std::string(60 - text.size(), '0') + text;
}

Task<void> authenticate_all(std::shared_ptr<Introspector> who,
                            const std::vector<std::string>& tokens,
                            int count)
{
    const auto deadline = after(std::chrono::minutes{5});
    for (int i = 0; i < count; ++i) {
        const auto& text = tokens[static_cast<std::size_t>(i) % tokens.size()];
        const auto identity = co_await who->authenticate(Secret{text}, deadline);
        if (!identity) throw std::runtime_error{identity.error().describe()};
    }
}

/// CPU microseconds of one cache hit, with `distinct` tokens in turn.
double measure_hits(int distinct)
{
    World world;
    std::vector<std::string> tokens;
    for (int i = 0; i < distinct; ++i) tokens.push_back(token_of(i));
    return testing::run(
        [&](Runtime& runtime) -> Task<double> {
            const auto who = world.make(runtime);
            co_await authenticate_all(who, tokens, distinct);
            const auto asked = world.server->count(introspect);
            constexpr int count = 100'000;
            double best = 1e9;
            for (int round = 0; round < 3; ++round) {
                const auto before = cpu_seconds();
                co_await authenticate_all(who, tokens, count);
                best = std::min(best, (cpu_seconds() - before) / count * 1e6);
            }
            if (world.server->count(introspect) != asked) throw std::runtime_error{"not a hit"};
            co_return best;
        },
        1);
}

/// How many answers are remembered after twice as many tokens as may be.
std::size_t measure_bound()
{
    World world;
    std::vector<std::string> tokens;
    for (int i = 0; i < 2 * tokens_max; ++i) tokens.push_back(token_of(i));
    return testing::run(
        [&](Runtime& runtime) -> Task<std::size_t> {
            const auto who = world.make(runtime);
            co_await authenticate_all(who, tokens, static_cast<int>(tokens.size()));
            co_return who->counts().accepted_cached;
        },
        1);
}

/// Exchanges with the server for `callers` first uses of one token at the same time.
std::size_t measure_single_flight(int callers)
{
    World world;
    world.server->door = std::make_shared<testing::Door>();
    std::atomic<int> accepted{0};
    std::atomic<int> ended{0};
    testing::run([&](Runtime& runtime) -> Task<int> {
        const auto who = world.make(runtime);
        for (int i = 0; i < callers; ++i) {
            boost::asio::co_spawn(
                boost::asio::make_strand(runtime.io), check(who, "good"),
                [&accepted, &ended](std::exception_ptr thrown, const Result<Identity>& identity) {
                    if (!thrown && identity) ++accepted;
                    ++ended;
                });
        }
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        while (who->counts().in_flight == 0) {
            timer.expires_after(std::chrono::milliseconds{5});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        // Time for the others to arrive at the door; one that came late would find the answer.
        timer.expires_after(std::chrono::milliseconds{100});
        co_await timer.async_wait(boost::asio::use_awaitable);
        world.server->door->open();
        while (ended < callers) {
            timer.expires_after(std::chrono::milliseconds{5});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        co_return 0;
    });
    if (accepted != callers) throw std::runtime_error{"somebody was refused"};
    return world.server->count(introspect);
}

int run()
{
    const double one = measure_hits(1);
    const double many = measure_hits(tokens_max);
    std::printf("introspected token, cache hit           %6.2f us CPU (one token)\n", one);
    std::printf("introspected token, cache hit           %6.2f us CPU (%d tokens in turn)\n", many,
                tokens_max);
    const auto kept = measure_bound();
    std::printf("remembered after %d tokens           %6zu answers\n", 2 * tokens_max, kept);
    const auto asked = measure_single_flight(256);
    std::printf("introspections for 256 first uses       %6zu\n", asked);
    bench::report({"token cache hit, one token", one, "us CPU", bench::Wanted::at_most, 1});
    bench::report(
        {"token cache hit, 10,000 tokens in turn", many, "us CPU", bench::Wanted::at_most, 1});
    bench::report({"token answers remembered after 20,000", static_cast<double>(kept), "answers",
                   bench::Wanted::at_most, tokens_max});
    bench::report({"introspections for 256 first uses of a token", static_cast<double>(asked), "",
                   bench::Wanted::at_most, 1});
    return 0;
}

}  // namespace
}  // namespace tailops::auth

int main()
try {
    return tailops::auth::run();
} catch (const std::exception& error) {
    std::fprintf(stderr, "auth_bench: %s\n", error.what());
    return 1;
}
