#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tailops {
class KnownSecrets;  // gateway/core/secret_registry.hpp
}

namespace tailops::targets {

class OutputSink;  // targets/output.hpp

/// What an executor can be asked for. A tool asks for the facet it needs; a target that lacks it
/// answers `target "X" does not offer Y`.
enum class Facet { reachability, shell, containers, http_api };

std::string_view to_string(Facet) noexcept;

/// Connects and authenticates, does nothing else. An API learns of a credential by a request alone:
/// where the caller may send none, a probe of `connect` ends once the connection stands.
struct Probe {
    enum class Depth { connect, authenticate };
    Depth depth{Depth::authenticate};
};

/// A program and its arguments. Never a shell line: the SSH executor quotes each element itself.
struct Command {
    std::vector<std::string> argv;
    std::string input;                   // written to its standard input, which is then closed
    std::shared_ptr<OutputSink> rest{};  // takes what the result has no room for; null: nobody
    /// Those that are taken out of what it writes; null: the output is left as it is.
    std::shared_ptr<const KnownSecrets> secrets{};
};

/// One call to a Docker Engine API. `path` begins with "/" and has no version; the executor puts
/// the negotiated one in front. Values in `query` are encoded by the executor.
struct EngineCall {
    std::string method{"GET"};
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::string body;  // JSON, or empty
    /// What a good answer is: one document, or the log of a container, whose frames are taken apart
    /// and whose two streams are put together line by line.
    enum class Answer { document, log };
    Answer answer{Answer::document};
    std::shared_ptr<OutputSink> rest{};             // as in Command
    std::shared_ptr<const KnownSecrets> secrets{};  // as in Command
};

/// One call to the HTTP API of a target. `path` is relative to the target's base URL, canonical,
/// and begins with "/". Credentials are the target's, never the caller's.
struct HttpCall {
    std::string method{"GET"};
    std::string path{"/"};
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::shared_ptr<OutputSink> rest{};             // as in Command
    std::shared_ptr<const KnownSecrets> secrets{};  // as in Command
};

using Operation = std::variant<Probe, Command, EngineCall, HttpCall>;

/// Has what an HTTP API is asked carry the trace it belongs to, unless its headers name one already
/// (W3C Trace Context, section 3). Other operations have no place for it.
void carry_trace(Operation& operation, std::string parent, std::string state);

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
    std::string output;       // stdout or body: its beginning, at most the output limit
    std::string diagnostics;  // stderr; same bound
    /// The end of a stream that was cut, none of which stands in its beginning. Between the two may
    /// be a gap; there is none when the sizes add up to all bytes.
    std::string output_tail;
    std::string diagnostics_tail;
    std::uint64_t output_bytes{0};       // all there were, as far as is known
    std::uint64_t diagnostics_bytes{0};  // the same
    std::uint64_t output_lines{0};       // of the same
    std::uint64_t diagnostics_lines{0};
    std::string content_type;  // of an HTTP answer
    /// Of an HTTP answer, those that say how to go on: by their names in lower case.
    std::vector<std::pair<std::string, std::string>> headers;
    bool truncated{false};             // a stream was cut
    std::set<std::string> redacted{};  // which kinds of secrets were taken out of the streams
    bool dry_run{false};               // nothing was done; `output` says what would have been
    std::chrono::milliseconds elapsed{0};
};

}  // namespace tailops::targets
