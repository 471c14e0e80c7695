#include "targets/http/http_executor.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/dialer.hpp"
#include "gateway/net/http_client.hpp"
#include "gateway/net/request_writer.hpp"
#include "targets/http/api_path.hpp"
#include "targets/http/api_rules.hpp"
#include "targets/http/http_outcome.hpp"

#include <array>

namespace tailops::targets {

namespace {

using std::chrono::steady_clock;
using Scheme = HttpConnection::Scheme;

// A probe looks at the status alone.
constexpr std::size_t probe_body_limit_bytes = 1024;

std::string credential_header(const HttpConnection& connection)
{
    switch (connection.scheme) {
    case Scheme::none: return {};
    case Scheme::bearer:
    case Scheme::basic: return "Authorization";
    case Scheme::header: return connection.header_name;
    }
    return {};
}

std::string credential_value(const HttpConnection& connection, const Secret& secret)
{
    std::string text{secret.reveal()};
    if (connection.scheme == Scheme::bearer) return "Bearer " + text;
    if (connection.scheme == Scheme::basic) {
        return "Basic " + to_base64(connection.username + ":" + text);
    }
    return text;
}

/// The ways to the server: an exchange, and a connection that is looked at and closed.
struct Client {
    std::shared_ptr<net::HttpClient> http;
    std::shared_ptr<const net::Dialer> dialer;
};

class HttpApiExecutor final : public Executor {
public:
    HttpApiExecutor(HttpConnection connection,
                    std::string base_path,
                    ApiRules rules,
                    CredentialReader credential,
                    Client client)
        : connection_{std::move(connection)},
          base_path_{std::move(base_path)},
          rules_{std::move(rules)},
          credential_{std::move(credential)},
          client_{std::move(client)}
    {
    }

    std::set<Facet> facets() const override { return {Facet::reachability, Facet::http_api}; }

    Task<Result<ExecutionResult>> run(policy::Permit permit, Operation operation) override
    {
        const auto start = steady_clock::now();
        const auto server = "the API of target " + quote(permit.target().view());
        const auto deadline = start + permit.obligations().timeout;
        if (const auto* wanted = std::get_if<Probe>(&operation)) {
            const auto question = probe_call(connection_);
            if (!question || wanted->depth == Probe::Depth::connect) {
                co_return co_await connect(server, deadline);
            }
            co_return co_await probe(server, *question, deadline);
        }
        const auto* call = std::get_if<HttpCall>(&operation);
        if (call == nullptr) {
            co_return fail(Errc::invalid_argument, server + " does not offer " +
                                                       std::string{to_string(facet_of(operation))});
        }
        if (auto allowed = rules_.check(*call); !allowed) {
            co_return fail(std::move(allowed).error().with_nothing_begun());
        }
        auto request = request_for(*call);
        request.commitment = permit.commitment();
        request.body_limit_bytes = permit.obligations().output_limit_bytes;
        std::shared_ptr<OutputCollector> body;
        if (call->rest) {
            OutputBounds bounds{.limit_bytes = request.body_limit_bytes,
                                .rest = call->rest,
                                .secrets = call->secrets};
            body = std::make_shared<OutputCollector>(OutputStream::output, std::move(bounds));
            request.body_tap = tap_into(body);
        }
        co_return co_await exchange(std::move(request), server, deadline, body);
    }

private:
    net::HttpRequest request_for(const HttpCall& call) const
    {
        net::HttpRequest request;
        request.method = call.method;
        request.target = with_query(base_path_ + call.path, call.query);
        request.headers = call.headers;
        request.body = call.body;
        request.repeatable = call.method == "GET" || call.method == "HEAD";
        return request;
    }

    /// Sends nothing of ours: whether somebody answers to that name.
    Task<Result<ExecutionResult>> connect(std::string server, Deadline deadline)
    {
        const auto start = steady_clock::now();
        const auto wire = co_await with_deadline(deadline, client_.dialer->dial());
        const ExchangeFacts facts{.server = std::move(server)};
        if (!wire) co_return fail(failure_of(wire.error(), facts));
        ExecutionResult result;
        result.output = "connected; no request was sent";
        result.output_bytes = result.output.size();
        result.elapsed =
            std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
        co_return result;
    }

    /// Tells the status and nothing else of the answer, which may be anything.
    Task<Result<ExecutionResult>> probe(std::string server, HttpCall call, Deadline deadline)
    {
        auto request = request_for(call);
        request.body_limit_bytes = probe_body_limit_bytes;
        auto result = co_await exchange(std::move(request), server, deadline, nullptr);
        if (result && (result->status == 401 || result->status == 403)) {
            co_return fail(Errc::unauthorized_there, server + " refuses our credential (HTTP " +
                                                         std::to_string(result->status) + ")");
        }
        if (!result) co_return result;
        ExecutionResult told;
        told.status = result->status;
        told.elapsed = result->elapsed;
        told.output = "answered with HTTP " + std::to_string(result->status);
        told.output_bytes = told.output.size();
        co_return told;
    }

    /// `body` collects the answer's, when the request taps into it.
    Task<Result<ExecutionResult>> exchange(net::HttpRequest request,
                                           std::string server,
                                           Deadline deadline,
                                           std::shared_ptr<OutputCollector> body)
    {
        const auto start = steady_clock::now();
        if (connection_.scheme != Scheme::none) {
            const auto secret = credential_();
            if (!secret) {
                Error unreadable{Errc::unauthorized_there,
                                 server + " cannot be used: its credential cannot be read"};
                co_return fail(std::move(unreadable).because(secret.error()).with_nothing_begun());
            }
            request.headers.emplace_back(credential_header(connection_),
                                         credential_value(connection_, *secret));
        }
        ExchangeFacts facts{.server = std::move(server),
                            .is_safe = request.repeatable,
                            .trace = std::make_shared<net::ExchangeTrace>()};
        request.trace = facts.trace;
        auto response = co_await client_.http->send(std::move(request), deadline);
        if (!response) co_return fail(failure_of(response.error(), facts));
        co_return body ? result_of(*std::move(response), *body, start)
                       : result_of(*std::move(response), start);
    }

    HttpConnection connection_;
    std::string base_path_;  // without a slash at its end; empty for the origin
    ApiRules rules_;
    CredentialReader credential_;
    Client client_;
};

}  // namespace

Status check_base_url(const std::string& base_url)
{
    TAILOPS_TRY(const auto url, net::parse_url(base_url));
    if (url.path.find('?') != std::string::npos) {
        return fail(Errc::invalid_argument, quote(base_url) +
                                                " has a query, which is no part of a base URL; "
                                                "leave it out, a call gives its own");
    }
    if (auto checked = check_canonical_path(url.path); !checked) {
        return fail(Errc::invalid_argument,
                    "the base URL " + quote(base_url) +
                        " cannot be used: " + checked.error().public_message());
    }
    return {};
}

Status check_credential_carrier(const HttpConnection& connection)
{
    if (connection.scheme == Scheme::basic && connection.username.find(':') != std::string::npos) {
        return fail(Errc::invalid_argument,
                    "the user name " + quote(connection.username) +
                        " has a \":\", and cannot be sent so (RFC 7617); use another");
    }
    if (connection.scheme != Scheme::header) return {};
    constexpr std::array<std::string_view, 6> framing{
        "host", "connection", "content-length", "user-agent", "upgrade", "transfer-encoding"};
    const auto name = lower_ascii(connection.header_name);
    if (!net::is_token(name) || std::ranges::find(framing, name) != framing.end()) {
        return fail(Errc::invalid_argument,
                    quote(connection.header_name) +
                        " cannot carry a credential; write the header that the API's "
                        "documentation names, e.g. X-API-Key");
    }
    return {};
}

Result<std::shared_ptr<Executor>> make_http_executor(const HttpConnection& connection,
                                                     CredentialReader credential)
{
    if (connection.scheme != Scheme::none && !credential) {
        return fail(Errc::invalid_argument, "the target's credential is missing");
    }
    TAILOPS_CHECK(check_credential_carrier(connection));
    TAILOPS_CHECK(check_base_url(connection.base_url));
    TAILOPS_TRY(const auto url, net::parse_url(connection.base_url));
    auto base_path = url.path;
    if (base_path.ends_with('/')) base_path.pop_back();
    TAILOPS_TRY(auto rules, ApiRules::create(connection.methods, connection.paths,
                                             credential_header(connection)));
    using Verify = net::TlsOptions::Verify;
    const net::HttpEndpoint endpoint{
        .host = url.host, .port = url.port, .tls = url.scheme == "https"};
    const net::HttpClientOptions options{
        .tls = {.verify_peer = connection.tls_verify ? Verify::yes : Verify::no,
                .ca_file = connection.ca_file},
        .not_trusted = Errc::unauthorized_there};
    TAILOPS_TRY(auto dialer, net::Dialer::create(endpoint, options));
    TAILOPS_TRY(auto http, net::HttpClient::create(endpoint, options));
    return std::make_shared<HttpApiExecutor>(
        connection, std::move(base_path), std::move(rules), std::move(credential),
        Client{.http = std::move(http), .dialer = std::move(dialer)});
}

}  // namespace tailops::targets
