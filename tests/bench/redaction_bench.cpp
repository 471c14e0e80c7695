// Prints what it costs to look for secrets: for a result, a stream and the arguments of a call, in
// nanoseconds a byte, for ordinary text and for text made to be slow. Goal: the same for both
// within a factor of ten, and for arguments of 4 MB no more than for 64 KB.
#include "gateway/audit/redaction.hpp"
#include "gateway/core/secret_scan.hpp"
#include "tests/bench/figure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

namespace tailops {
namespace {

using Clock = std::chrono::steady_clock;

std::string repeated(std::string_view piece, std::size_t bytes)
{
    std::string out;
    while (out.size() < bytes) out += piece;
    return out;
}

const SecretRegistry& registry()
{
    static SecretRegistry known;
    if (known.empty()) {
        for (int i = 0; i < 200; ++i) known.add(Secret{"a-secret-" + std::to_string(i * 7919)});
    }
    return known;
}

template <class Work>
double measure(const char* what, std::size_t bytes, Work work)
{
    const auto start = Clock::now();
    work();
    const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
    std::printf("%-40s %8.2f ns/byte %10.2f ms\n", what, spent.count() / static_cast<double>(bytes),
                spent.count() / 1e6);
    return spent.count();
}

void run()
{
    double slowest = 0;       // ns a byte of a result
    double arguments_ms = 0;  // of 4 MB
    constexpr std::size_t bytes = 4'000'000;
    const auto known = registry().known();
    for (const auto* piece : {"Nov 30 18:00:01 web sshd[812]: Accepted publickey for bob\n",
                              "key=x;", "sk-aaaa/", "-----BEGIN PRIVATE KEY-----", "a-secret-1 "}) {
        const auto text = repeated(piece, bytes);
        std::printf("of %.28s...\n", piece);
        slowest = std::max(slowest, measure("  a result", bytes, [&] {
                                        (void)without_secrets(text, *known);
                                    }) / bytes);
        measure("  a stream", bytes, [&] {
            StreamScrubber stream{known};
            for (std::size_t at = 0; at < bytes; at += 16'384) {
                (void)stream.add(std::string_view{text}.substr(at, 16'384));
            }
            (void)stream.finish();
        });
        for (const std::size_t size : {std::size_t{64'000}, bytes}) {
            const nlohmann::json arguments{{"x", text.substr(0, size)}};
            const auto spent =
                measure(size == bytes ? "  arguments of 4 MB" : "  arguments of 64 KB", size,
                        [&] { (void)audit::kept_parameters(arguments, registry()); });
            arguments_ms = std::max(arguments_ms, spent / 1e6);
        }
    }
    bench::report(
        {"secrets in a result, worst text", slowest, "ns/byte", bench::Wanted::at_most, 100});
    bench::report(
        {"redaction of 4 MB of arguments", arguments_ms, "ms", bench::Wanted::at_most, 50});
}

}  // namespace
}  // namespace tailops

int main()
{
    tailops::run();
}
