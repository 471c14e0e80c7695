// What a list of containers costs through the Docker executor, beside the engine's own rate in the
// same run.
//
//   docker_bench [calls]
//
// Starts a Docker engine in namespaces of its own with three containers and asks for its list: over
// eight connections that do nothing but write a request and read the answer, and through the
// executor, one at a time and eight at once. Needs root.

#include "gateway/core/text.hpp"
#include "targets/docker/docker_executor.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/lanes.hpp"
#include "tests/bench/measuring.hpp"
#include "tests/support/docker.hpp"
#include "tests/support/run.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

namespace tailops {
namespace {

using bench::Rate;
using bench::Stopwatch;

/// A kept connection to the engine that blocks.
class BareConnection {
public:
    explicit BareConnection(const std::string& path)
        : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        // When this fails, so does the first list.
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    BareConnection(const BareConnection&) = delete;
    BareConnection& operator=(const BareConnection&) = delete;
    ~BareConnection() { ::close(socket_); }

    /// One list, read to its end; false when the engine has closed or answered in a form that it
    /// does not use.
    bool list()
    {
        constexpr std::string_view request{"GET /containers/json HTTP/1.1\r\nHost: docker\r\n\r\n"};
        if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
        std::string answer;
        while (!is_whole(answer)) {
            std::array<char, 16'384> bytes;
            const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
            if (got <= 0) return false;
            answer.append(bytes.data(), static_cast<std::size_t>(got));
        }
        return answer.starts_with("HTTP/1.1 200 ");
    }

private:
    /// The engine names the length of a short body and sends a longer one in chunks.
    static bool is_whole(std::string_view answer)
    {
        constexpr std::string_view name{"Content-Length: "};
        const auto end = answer.find("\r\n\r\n");
        if (end == std::string_view::npos) return false;
        const auto at = answer.substr(0, end).find(name);
        if (at == std::string_view::npos) return answer.ends_with("\r\n0\r\n\r\n");
        const auto digits = answer.substr(at + name.size());
        const auto length = parse_int(digits.substr(0, digits.find('\r')), 0, 1'000'000'000);
        return length && answer.size() >= end + 4 + static_cast<std::size_t>(*length);
    }

    int socket_;
};

Rate measure_bare(const testing::DockerEngine& engine, int lanes, int count)
{
    std::atomic<bool> all_well{true};
    const Stopwatch watch{{engine.pid()}};
    {
        std::vector<std::jthread> crew;
        for (int i = 0; i < lanes; ++i) {
            crew.emplace_back([&all_well, path = engine.socket_path(), turns = count / lanes] {
                BareConnection connection{path};
                for (int turn = 0; turn < turns && all_well; ++turn) {
                    if (!connection.list()) all_well = false;
                }
            });
        }
    }
    if (!all_well) throw std::runtime_error{"the engine did not answer as it should"};
    return watch.rate_of(count);
}

Rate measure(const testing::DockerEngine& engine, int lanes, int count)
{
    Rate rate;
    testing::run([&](Runtime& runtime) -> Task<int> {
        // Made in here: kept connections must not outlive the runtime.
        targets::DockerConnection connection;
        connection.socket_path = engine.socket_path();
        const auto executor = targets::make_docker_executor(connection).value();
        const bench::Work work{
            .executor = executor,
            .target = TargetId{"docker"},
            .operation =
                targets::EngineCall{
                    .method = "GET", .path = "/containers/json", .query = {}, .body = {}},
            .status_expected = 200};
        co_await bench::repeat(work, 20);
        const std::vector<bench::Work> all(static_cast<std::size_t>(lanes), work);
        const Stopwatch watch{{engine.pid()}};
        co_await bench::repeat_all(runtime, all, count / lanes);
        rate = watch.rate_of(count);
        co_return 0;
    });
    return rate;
}

/// Through the executor, `lanes` at once; prints it beside `bare`, the engine's own rate.
Rate compare(const testing::DockerEngine& engine, const Rate& bare, int lanes, int count)
{
    const auto rate = measure(engine, lanes, count);
    std::printf(
        "docker list through the executor, %d at once %6.0f/s  CPU ms: %.3f ours, %.3f "
        "engine; %.2f of the engine alone\n",
        lanes, rate.per_second, rate.cpu_milliseconds, rate.server_cpu_milliseconds,
        rate.per_second / bare.per_second);
    return rate;
}

}  // namespace
}  // namespace tailops

int main(int argc, char** argv)
try {
    using namespace tailops;
    const int count = argc > 1 ? static_cast<int>(parse_int(argv[1], 64, 1'000'000).value()) : 8000;
    const testing::DockerEngine engine;
    for (const char* const name : {"one", "two", "three"}) {
        engine.run_container(name, "sleep 3600", {"--network", "none"});
    }
    const auto bare = measure_bare(engine, 8, count);
    std::printf("docker list, the engine alone, 8 at once  %6.0f/s  CPU ms: %.3f engine\n",
                bare.per_second, bare.server_cpu_milliseconds);
    compare(engine, bare, 1, count);
    const auto eight = compare(engine, bare, 8, count);
    using enum bench::Wanted;
    bench::report({"docker lists, 8 at once", eight.per_second, "/s", at_least, 2500});
} catch (const std::exception& error) {
    // Caught, so that the engine is ended.
    std::fprintf(stderr, "docker_bench: %s\n", error.what());
    return 1;
}
