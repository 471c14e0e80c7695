#pragma once

#include "gateway/core/secret_registry.hpp"
#include "gateway/doors/mcp/wire/versions.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace tailops::mcp {

/// How much of each protocol revision is spoken, by whom, and what went wrong: so that a client
/// which silently falls back to the legacy era is seen. Safe from any thread.
class Counters {
public:
    /// How many client names are told apart; what comes after counts as "other".
    static constexpr std::size_t clients_max = 64;

    /// Since the start.
    struct Totals {
        std::array<std::uint64_t, revision_names.size()> requests{};  // by Revision
        std::map<int, std::uint64_t> errors;                          // by JSON-RPC code
        std::map<std::string, std::array<std::uint64_t, 2>, std::less<>> clients;  // legacy, modern
        std::uint64_t downgrades{0};  // clients that were modern first and then came as legacy ones

        bool operator==(const Totals&) const = default;
    };

    /// Logs the first legacy request of a client that has spoken the modern era.
    void count_request(Revision revision, std::string_view client);
    void count_error(int code);
    Totals totals() const;

private:
    bool count_client(std::string_view client, std::size_t era);

    std::array<std::atomic<std::uint64_t>, revision_names.size()> requests_{};
    mutable std::mutex mutex_;
    std::uint64_t downgrades_{0};
    std::map<int, std::uint64_t> errors_;  // the codes are ours, so they are few
    std::map<std::string, std::array<std::uint64_t, 2>, std::less<>> clients_;
};

/// The same, with client names that hold no secret: they are what clients say they are.
Counters::Totals without_secrets(Counters::Totals totals, const SecretRegistry& secrets);

/// The totals in the Prometheus text format, version 0.0.4. Client names are what clients say they
/// are.
std::string metrics_text(const Counters::Totals& totals);

/// One line of the log.
void log_usage(const Counters::Totals& totals);

}  // namespace tailops::mcp
