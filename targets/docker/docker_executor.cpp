#include "targets/docker/docker_executor.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/docker/engine_endpoint.hpp"
#include "targets/docker/engine_version.hpp"
#include "targets/docker/logs.hpp"
#include "targets/http/api_path.hpp"
#include "targets/http/http_outcome.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <mutex>

namespace tailops::targets {

namespace {

using std::chrono::steady_clock;

// /version of a current engine is about 1 KiB.
constexpr std::size_t version_limit_bytes = 64 * 1024;

/// What an engine may yet finish when we stop waiting, in the words of its API: the last segment of
/// the path is the verb.
std::string work_of(const EngineCall& call)
{
    constexpr std::array<std::string_view, 7> verbs{"start", "stop",    "restart", "kill",
                                                    "pause", "unpause", "update"};
    const auto verb = std::string_view{call.path}.substr(call.path.rfind('/') + 1);
    const bool is_known = std::ranges::find(verbs, verb) != verbs.end();
    return is_known ? "the " + std::string{verb} : "the call";
}

bool is_safe(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

/// One call and when it must end.
struct Course {
    std::string server;
    steady_clock::time_point start;
    Deadline deadline;
    Commitment commitment;  // of the call itself; what asks for the version changes nothing
};

/// What comes of one answer's body: collected as it is, or as the text of a log.
struct AnswerBody {
    std::size_t limit_bytes;
    OutputCollector collector;
    std::optional<LogMerger> log;
};

/// Whether an answer's body is collected as it comes in. Otherwise the response holds it.
bool is_collected(const EngineCall& call)
{
    return call.rest || call.answer == EngineCall::Answer::log;
}

/// Collects into `body`. An answer that is no log after all (an error) is collected as it is.
net::BodyTap tap_into(std::shared_ptr<AnswerBody> body, EngineCall::Answer expected)
{
    return
        [body = std::move(body), expected](const net::HttpResponse& head, std::string_view bytes) {
            auto wants = OutputSink::Wants::more;
            if (expected == EngineCall::Answer::log && head.status == 200) {
                if (!body->log) body->log.emplace(std::string{head.header("content-type")});
                wants = body->collector.add(body->log->feed(bytes));
            } else {
                wants = body->collector.add(bytes);
            }
            return wants == OutputSink::Wants::more ? net::Wants::more : net::Wants::nothing;
        };
}

ExecutionResult result_of_body(net::HttpResponse response,
                               AnswerBody& body,
                               steady_clock::time_point start)
{
    if (!body.log) return result_of(std::move(response), body.collector, start);
    body.collector.add(body.log->finish());
    // Neither the length nor the type of the frames is that of the text.
    const bool is_broken_off = response.broken_off;
    auto result = result_of(std::move(response), start);
    result.truncated = is_broken_off;
    std::move(body.collector).finish(result);
    result.content_type = "text/plain";
    return result;
}

class DockerExecutor final : public Executor {
public:
    explicit DockerExecutor(std::shared_ptr<net::HttpClient> client) : client_{std::move(client)} {}

    std::set<Facet> facets() const override { return {Facet::reachability, Facet::containers}; }

    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override
    {
        const auto start = steady_clock::now();
        Course course{.server = "the Docker engine of target " + quote(permit.target().view()),
                      .start = start,
                      .deadline = start + permit.obligations().timeout,
                      .commitment = permit.commitment()};
        if (std::holds_alternative<Probe>(operation)) co_return co_await probe(std::move(course));
        auto* call = std::get_if<EngineCall>(&operation);
        if (call == nullptr) {
            co_return fail(Errc::invalid_argument, course.server + " does not offer " +
                                                       std::string{to_string(facet_of(operation))});
        }
        if (auto checked = check_canonical_path(call->path); !checked) {
            co_return fail(std::move(checked).error().with_nothing_begun());
        }
        co_return co_await carry_out(std::move(*call), std::move(course),
                                     permit.obligations().output_limit_bytes);
    }

private:
    Task<Result<ExecutionResult>> probe(Course course)
    {
        forget_version();
        TAILOPS_CO_TRY(const auto version, co_await agree(course));
        ExecutionResult result;
        result.status = 200;
        result.output = "Docker Engine API " + version.text();
        result.output_bytes = result.output.size();
        result.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() -
                                                                               course.start);
        co_return result;
    }

    Task<Result<ExecutionResult>> carry_out(EngineCall call, Course course, std::size_t limit_bytes)
    {
        auto version = co_await agree(course);
        if (!version) co_return fail(std::move(version).error().with_nothing_begun());
        auto body = body_of(call, limit_bytes);
        auto response = co_await call_engine(call, course, *version, body);
        if (response && was_refused_for_its_version(*response, *version)) {
            // The engine came back as another one since we agreed. It has done nothing yet.
            forget_version();
            version = co_await agree(course);
            if (!version) co_return fail(std::move(version).error().with_nothing_begun());
            body = body_of(call, limit_bytes);
            response = co_await call_engine(call, course, *version, body);
        }
        if (!response) {
            // Whoever answers next may be another engine.
            forget_version();
            co_return fail(std::move(response).error());
        }
        if (!is_collected(call)) co_return result_of(*std::move(response), course.start);
        co_return result_of_body(*std::move(response), *body, course.start);
    }

    static std::shared_ptr<AnswerBody> body_of(const EngineCall& call, std::size_t limit_bytes)
    {
        const OutputBounds bounds{
            .limit_bytes = limit_bytes, .rest = call.rest, .secrets = call.secrets};
        return std::make_shared<AnswerBody>(AnswerBody{
            .limit_bytes = limit_bytes, .collector = {OutputStream::output, bounds}, .log = {}});
    }

    Task<Result<net::HttpResponse>> call_engine(const EngineCall& call,
                                                const Course& course,
                                                EngineVersion version,
                                                std::shared_ptr<AnswerBody> body)
    {
        net::HttpRequest request;
        request.method = call.method;
        request.target = with_query("/v" + version.text() + call.path, call.query);
        request.body = call.body;
        request.body_limit_bytes = body->limit_bytes;
        request.commitment = course.commitment;
        if (is_collected(call)) request.body_tap = tap_into(std::move(body), call.answer);
        if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        co_return co_await exchange(std::move(request), course, work_of(call));
    }

    Task<Result<net::HttpResponse>> exchange(net::HttpRequest request,
                                             const Course& course,
                                             std::string work)
    {
        request.repeatable = is_safe(request.method);
        request.trace = std::make_shared<net::ExchangeTrace>();
        const ExchangeFacts facts{.server = course.server,
                                  .is_safe = request.repeatable,
                                  .work = std::move(work),
                                  .trace = request.trace};
        auto response = co_await client_->send(std::move(request), course.deadline);
        if (!response) co_return fail(failure_of(response.error(), facts));
        co_return response;
    }

    /// The version to speak; asks the engine when we do not know yet.
    Task<Result<EngineVersion>> agree(const Course& course)
    {
        if (const auto known = known_version()) co_return *known;
        TAILOPS_CO_TRY(const auto engine, co_await ask_versions(course));
        auto agreed = agree_on_version(engine);
        if (!agreed) {
            co_return fail(Error{Errc::unreachable, course.server + " cannot be used: " +
                                                        agreed.error().public_message()});
        }
        const std::scoped_lock lock{mutex_};
        version_ = *agreed;
        co_return *agreed;
    }

    Task<Result<EngineVersions>> ask_versions(const Course& course)
    {
        const std::string no_work;  // neither request changes anything
        net::HttpRequest version;
        version.target = "/version";
        version.body_limit_bytes = version_limit_bytes;
        TAILOPS_CO_TRY(auto told, co_await exchange(std::move(version), course, no_work));
        if (auto versions = versions_in(told)) co_return *versions;
        // A filter before the socket may let only the ping through.
        net::HttpRequest ping;
        ping.target = "/_ping";
        ping.body_limit_bytes = version_limit_bytes;
        TAILOPS_CO_TRY(const auto pong, co_await exchange(std::move(ping), course, no_work));
        if (pong.status == 401 || pong.status == 403) {
            co_return fail(Errc::unauthorized_there, course.server + " refuses us (HTTP " +
                                                         std::to_string(pong.status) + ")");
        }
        const auto newest = parse_engine_version(pong.header("Api-Version"));
        if (!newest) {
            co_return fail(Error{Errc::unreachable,
                                 "what answers for " + course.server + " is no Docker engine"}
                               .with_detail("/_ping: HTTP " + std::to_string(pong.status)));
        }
        co_return EngineVersions{.newest = *newest};
    }

    static std::optional<EngineVersions> versions_in(const net::HttpResponse& response)
    {
        if (response.status != 200) return std::nullopt;
        const auto json = parse_json(response.body);
        if (!json) return std::nullopt;
        const auto newest = parse_engine_version(text_member(*json, "ApiVersion"));
        if (!newest) return std::nullopt;
        return EngineVersions{.newest = *newest,
                              .oldest = parse_engine_version(text_member(*json, "MinAPIVersion"))};
    }

    /// Whether the engine turned a call away because it does not speak `version`: it says which it
    /// speaks in the header of every answer. It checks this before it does anything.
    static bool was_refused_for_its_version(const net::HttpResponse& response,
                                            EngineVersion version)
    {
        if (response.status != 400) return false;
        const auto newest = parse_engine_version(response.header("Api-Version"));
        if (newest && *newest < version) return true;
        return response.body.find("client version " + version.text() + " is too old") !=
               std::string::npos;
    }

    std::optional<EngineVersion> known_version()
    {
        const std::scoped_lock lock{mutex_};
        return version_;
    }

    void forget_version()
    {
        const std::scoped_lock lock{mutex_};
        version_.reset();
    }

    std::shared_ptr<net::HttpClient> client_;
    std::mutex mutex_;
    std::optional<EngineVersion> version_;  // agreed upon; none before the first call
};

}  // namespace

Result<std::shared_ptr<Executor>> make_docker_executor(const DockerConnection& connection)
{
    TAILOPS_TRY(const auto engine, engine_endpoint(connection));
    TAILOPS_TRY(auto client, net::HttpClient::create(engine.endpoint, engine.options));
    return std::make_shared<DockerExecutor>(std::move(client));
}

}  // namespace tailops::targets
