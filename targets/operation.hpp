#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tailops::targets {

/// What an executor can be asked for. A tool asks for the facet it needs; a target that lacks it
/// answers `target "X" does not offer Y`.
enum class Facet { reachability, shell, containers, http_api };

std::string_view to_string(Facet) noexcept;

/// Connects and authenticates, does nothing else.
struct Probe {};

/// A program and its arguments. Never a shell line: the SSH executor quotes each element itself.
struct Command {
    std::vector<std::string> argv;
    std::string input;  // written to its standard input, which is then closed
};

/// One call to a Docker Engine API. `path` begins with "/" and has no version; the executor puts
/// the negotiated one in front. Values in `query` are encoded by the executor.
struct EngineCall {
    std::string method{"GET"};
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::string body;  // JSON, or empty
};

/// One call to the HTTP API of a target. `path` is relative to the target's base URL, canonical,
/// and begins with "/". Credentials are the target's, never the caller's.
struct HttpCall {
    std::string method{"GET"};
    std::string path{"/"};
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

using Operation = std::variant<Probe, Command, EngineCall, HttpCall>;

Facet facet_of(const Operation&) noexcept;

/// What became of the work when we stopped waiting for it: what an honest stop may claim.
enum class Remains {
    nothing,    // it ended, or was never started
    signalled,  // told to end; not seen ending
    unknown,    // the connection was lost while it ran
};

std::string_view to_string(Remains) noexcept;

/// What happened on the target. A command that ran and exited 1 is a result, not an Error.
struct ExecutionResult {
    int status{0};            // exit status, or HTTP status
    std::string signal;       // "KILL", ... when a signal ended the command; `status` is then -1
    std::string output;       // stdout or body; at most the output limit
    std::string diagnostics;  // stderr; same bound
    std::uint64_t output_bytes{0};       // before the limit
    std::uint64_t diagnostics_bytes{0};  // before the limit
    std::string content_type;            // of an HTTP answer
    bool truncated{false};
    bool dry_run{false};  // nothing was done; `output` says what would have been
    std::chrono::milliseconds elapsed{0};
};

}  // namespace tailops::targets
