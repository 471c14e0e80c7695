#include "targets/http/http_outcome.hpp"

#include "gateway/core/text.hpp"

#include <array>

namespace tailops::targets {

namespace {

/// What a caller needs of an answer's head to go on: where it points, which pages there are, what
/// it may be asked again with and when, and how its body is written. No other header is shown: some
/// hold secrets (Set-Cookie).
constexpr std::array<std::string_view, 10> shown_headers{
    "allow", "content-encoding", "content-range", "etag",        "last-modified",
    "link",  "location",         "retry-after",   "x-next-page", "x-total-count"};
constexpr std::size_t shown_value_bytes = 2048;

std::vector<std::pair<std::string, std::string>> headers_to_show(const net::HttpResponse& response)
{
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto name : shown_headers) {
        const auto value = response.header(name);
        if (!value.empty()) out.emplace_back(name, escaped_line(value, shown_value_bytes));
    }
    return out;
}

std::string what_happened(const Error& error, const ExchangeFacts& facts)
{
    const bool begun = facts.trace && facts.trace->request_begun;
    switch (error.code()) {
    case Errc::cancelled: return "the call was cancelled";
    case Errc::deadline_exceeded: return facts.server + " did not answer in time";
    case Errc::unreachable:
        return facts.server + (begun ? " broke off without an answer" : " cannot be reached");
    case Errc::unauthorized_there:
        return facts.server + " cannot be used: " + error.public_message();
    default: return error.public_message();
    }
}

}  // namespace

ExecutionResult result_of(net::HttpResponse response, std::chrono::steady_clock::time_point start)
{
    ExecutionResult result;
    result.status = response.status;
    result.content_type = response.header("content-type");
    result.headers = headers_to_show(response);
    result.truncated = response.truncated;
    result.output_bytes = response.body.size();
    if (response.truncated) {
        const auto announced = parse_int(response.header("content-length"), 0);
        if (announced) {
            result.output_bytes =
                std::max(result.output_bytes, static_cast<std::uint64_t>(*announced));
        }
    }
    result.output = std::move(response.body);
    result.output_lines = count_lines(result.output);
    result.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    return result;
}

net::BodyTap tap_into(std::shared_ptr<OutputCollector> collector)
{
    return [collector = std::move(collector)](const net::HttpResponse&, std::string_view bytes) {
        return collector->add(bytes) == OutputSink::Wants::more ? net::Wants::more
                                                                : net::Wants::nothing;
    };
}

ExecutionResult result_of(net::HttpResponse response,
                          OutputCollector& body,
                          std::chrono::steady_clock::time_point start)
{
    const bool is_broken_off = response.broken_off;
    auto result = result_of(std::move(response), start);
    const auto announced = result.output_bytes;
    result.truncated = is_broken_off;
    std::move(body).finish(result);
    // A body that broke off, or that nobody wanted the end of.
    if (result.truncated) result.output_bytes = std::max(result.output_bytes, announced);
    return result;
}

Error failure_of(const Error& error, const ExchangeFacts& facts)
{
    auto message = what_happened(error, facts);
    const bool begun = facts.trace && facts.trace->request_begun;
    if (begun && !facts.is_safe) message += "; it may still finish " + facts.work;
    auto failure = Error{error.code(), std::move(message)}.because(error);
    // What only looks may be asked again at no risk. Yet a server that was answering is there.
    const bool was_answering = facts.trace && facts.trace->answer_begun;
    const bool has_work = begun && (!facts.is_safe || was_answering);
    return has_work ? failure : std::move(failure).with_nothing_begun();
}

}  // namespace tailops::targets
