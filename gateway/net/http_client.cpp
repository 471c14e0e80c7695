#include "gateway/net/http_client.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/connection_pool.hpp"
#include "gateway/net/dialer.hpp"
#include "gateway/net/request_writer.hpp"
#include "gateway/net/response_reader.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <openssl/crypto.h>

#include <array>
#include <chrono>
#include <span>

namespace tailops::net {

namespace {

constexpr std::size_t read_size_bytes = 16 * 1024;
// What is left of an exchange's time for answering, when a tap listens to the end of it.
constexpr std::chrono::milliseconds answer_reserve{250};

/// Wipes a request when the exchange ends: credentials travel in its headers.
class RequestWipe {
public:
    RequestWipe(std::string& text, HeaderList& headers) : text_{text}, headers_{headers} {}
    RequestWipe(const RequestWipe&) = delete;
    RequestWipe& operator=(const RequestWipe&) = delete;
    ~RequestWipe()
    {
        OPENSSL_cleanse(text_.data(), text_.size());
        for (auto& [name, value] : headers_) OPENSSL_cleanse(value.data(), value.size());
    }

private:
    std::string& text_;
    HeaderList& headers_;
};

/// What one attempt on one connection came to.
struct Attempt {
    Result<HttpResponse> response;
    bool answer_begun{false};
};

class PooledClient final : public HttpClient {
public:
    PooledClient(HttpEndpoint endpoint,
                 const HttpClientOptions& options,
                 std::unique_ptr<Dialer> dialer)
        : endpoint_{std::move(endpoint)},
          header_limit_bytes_{options.header_limit_bytes},
          connect_timeout_{options.connect_timeout},
          dialer_{std::move(dialer)},
          pool_{options.idle_connections_max, options.idle_timeout}
    {
    }

    Task<Result<HttpResponse>> send(HttpRequest request, Deadline deadline) override
    {
        if (!request.trace) request.trace = std::make_shared<ExchangeTrace>();
        const auto trace = request.trace;
        std::exception_ptr thrown;
        try {
            auto response =
                co_await with_deadline(deadline, exchange(std::move(request), deadline));
            if (response || response.error().code() != Errc::deadline_exceeded) co_return response;
            co_return fail(too_late(*trace));
        } catch (...) {
            thrown = std::current_exception();
        }
        // A cancellation that came between two operations surfaces as an exception, of the exchange
        // or of it and its timer together.
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() == boost::asio::cancellation_type::none) {
            std::rethrow_exception(thrown);
        }
        co_return fail(Errc::cancelled, "the caller went away");
    }

private:
    static Error too_late(const ExchangeTrace& trace)
    {
        return Error{Errc::deadline_exceeded, "the server did not answer in time"}.with_detail(
            trace.request_begun ? "while waiting for the answer" : "while connecting");
    }

    Task<Result<HttpResponse>> exchange(HttpRequest request, Deadline deadline)
    {
        TAILOPS_CO_TRY(auto text, write_request(endpoint_, request));
        const RequestWipe wipe{text, request.headers};
        if (auto kept = pool_.take()) {
            auto attempt = co_await attempt_on(std::move(kept), text, request, deadline);
            const bool is_stale = !attempt.response && !attempt.answer_begun &&
                                  attempt.response.error().code() == Errc::unreachable;
            if (!is_stale || !request.repeatable) co_return std::move(attempt.response);
        }
        TAILOPS_CO_TRY(auto fresh, co_await dial(deadline));
        auto attempt = co_await attempt_on(std::move(fresh), text, request, deadline);
        co_return std::move(attempt.response);
    }

    Task<Result<std::unique_ptr<Wire>>> dial(Deadline deadline)
    {
        const auto patience = after(connect_timeout_);
        if (deadline <= patience) co_return co_await dialer_->dial();
        auto wire = co_await with_deadline(patience, dialer_->dial());
        if (!wire && wire.error().code() == Errc::deadline_exceeded) {
            co_return fail(
                Error{Errc::unreachable, "the server cannot be connected to"}.with_detail(
                    endpoint_.host + ": no connection in " +
                    std::to_string(connect_timeout_.count()) + " s"));
        }
        co_return wire;
    }

    /// One request and its response on `wire`, which is kept or closed afterwards.
    Task<Attempt> attempt_on(std::unique_ptr<Wire> wire,
                             const std::string& text,
                             const HttpRequest& request,
                             Deadline deadline)
    {
        auto& trace = *request.trace;
        trace.connected = true;
        if (auto begun = request.commitment.begin(); !begun) {
            pool_.put(std::move(wire));
            co_return Attempt{fail(std::move(begun).error())};
        }
        trace.request_begun = true;
        const auto sent = co_await wire->write(text);
        // A server may answer and close before it has read everything: look for the answer anyhow,
        // unless we are the ones who stop.
        if (sent.error == boost::asio::error::operation_aborted) {
            co_return Attempt{fail(dialer_->explain(sent.error, "sending"))};
        }
        ResponseReader reader{
            request.method == "HEAD" ? ResponseReader::Body::none : ResponseReader::Body::expected,
            {.header_bytes = header_limit_bytes_, .body_bytes = request.body_limit_bytes},
            request.body_tap};
        auto complete = co_await read_response(*wire, reader, trace, deadline - answer_reserve);
        if (!complete) {
            const bool begun = reader.has_begun();
            if (sent.error && !begun) {
                co_return Attempt{fail(dialer_->explain(sent.error, "sending"))};
            }
            co_return Attempt{fail(std::move(complete).error()), begun};
        }
        if (!sent.error && reader.can_keep_connection()) pool_.put(std::move(wire));
        co_return Attempt{std::move(reader).take(), true};
    }

    /// Reads until the response is complete, or until `rest_deadline` when all that is missing is
    /// for the tap.
    Task<Status> read_response(Wire& wire,
                               ResponseReader& reader,
                               ExchangeTrace& trace,
                               Deadline rest_deadline)
    {
        std::array<char, read_size_bytes> buffer;  // NOLINT(*-member-init): read as far as written
        for (;;) {
            WireOutcome got;
            if (reader.is_beyond_limit()) {
                if (std::chrono::steady_clock::now() >= rest_deadline) co_return Status{};
                const auto rest = co_await with_deadline(rest_deadline, read_result(wire, buffer));
                if (!rest && rest.error().code() == Errc::cancelled) co_return fail(rest.error());
                if (!rest) co_return Status{};
                got = *rest;
            } else {
                got = co_await wire.read_some(buffer);
            }
            if (got.error == boost::asio::error::eof) co_return reader.finish();
            if (got.error) {
                if (reader.is_beyond_limit() &&
                    got.error != boost::asio::error::operation_aborted) {
                    co_return Status{};
                }
                co_return fail(dialer_->explain(
                    got.error, reader.has_begun() ? "inside the answer" : "before the answer"));
            }
            trace.answer_begun = true;
            TAILOPS_CO_TRY(const auto step, reader.feed({buffer.data(), got.bytes}));
            if (step == ResponseReader::Step::done) co_return Status{};
        }
    }

    static Task<Result<WireOutcome>> read_result(Wire& wire, std::span<char> into)
    {
        auto got = co_await wire.read_some(into);
        // A read that was ended is no read that went well: with_deadline would return it as one.
        if (got.error == boost::asio::error::operation_aborted) {
            co_return fail(Errc::cancelled, "the caller went away");
        }
        co_return got;
    }

    HttpEndpoint endpoint_;
    std::size_t header_limit_bytes_;
    std::chrono::seconds connect_timeout_;
    std::unique_ptr<Dialer> dialer_;
    ConnectionPool pool_;
};

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const noexcept
{
    for (const auto& [other, value] : headers) {
        if (equal_ignoring_case(name, other)) return value;
    }
    return {};
}

Result<std::shared_ptr<HttpClient>> HttpClient::create(HttpEndpoint endpoint,
                                                       HttpClientOptions options)
{
    TAILOPS_TRY(auto dialer, Dialer::create(endpoint, options));
    return std::make_shared<PooledClient>(std::move(endpoint), options, std::move(dialer));
}

}  // namespace tailops::net
