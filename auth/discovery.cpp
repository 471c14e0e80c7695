#include "auth/discovery.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <nlohmann/json.hpp>

#include <mutex>

namespace tailops::auth {
namespace asio = boost::asio;

struct Discovery::State {
    DiscoverySettings settings;
    net::Url issuer;
    HttpConnect connect;
    asio::any_io_executor io;
    std::shared_ptr<const Clock> clock;

    std::mutex mutex;
    Known known;
    TimePoint asked{};  // when the last question began
    bool suspected{false};
    std::shared_ptr<Flight<Known>> flight;  // a question on its way

    /// Under the lock: whether the answer we have will do without a question.
    bool is_fresh(TimePoint now) const
    {
        if (!known) return false;
        const auto age = now - asked;
        const auto good_for = suspected ? settings.suspect_after : settings.fresh_for;
        return age >= age.zero() && age < good_for;
    }
};

namespace {

/// `document` taken apart. Errors: invalid_argument.
Result<ServerMetadata> parse_metadata(std::string_view document, const std::string& issuer)
{
    TAILOPS_TRY(const auto json, parse_json(document, 16));
    ServerMetadata metadata;
    TAILOPS_TRY(metadata.issuer, field<std::string>(json, "issuer"));
    if (metadata.issuer != issuer) {
        return fail(Errc::invalid_argument, "it is of issuer " + quote(metadata.issuer) +
                                                ", the configuration says " + quote(issuer));
    }
    TAILOPS_TRY(metadata.introspection_endpoint,
                field<std::string>(json, "introspection_endpoint"));
    TAILOPS_TRY(const auto url, parse_server_url(metadata.introspection_endpoint));
    static_cast<void>(url);
    TAILOPS_TRY(const auto scopes,
                optional_field<std::vector<std::string>>(json, "scopes_supported"));
    if (scopes) metadata.scopes_supported.insert(scopes->begin(), scopes->end());
    return metadata;
}

std::vector<std::string> document_paths(const net::Url& issuer)
{
    auto path = issuer.path;
    while (path.ends_with('/')) path.pop_back();
    return {path + "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server" + path};
}

}  // namespace

Result<std::unique_ptr<Discovery>> Discovery::create(DiscoverySettings settings,
                                                     HttpConnect connect,
                                                     asio::any_io_executor io,
                                                     std::shared_ptr<const Clock> clock)
{
    TAILOPS_TRY(auto issuer, parse_server_url(settings.issuer));
    if (issuer.path.find('?') != std::string::npos) {
        return fail(Errc::invalid_argument, "an issuer has no query");
    }
    auto state = std::make_shared<State>();
    state->settings = std::move(settings);
    state->issuer = std::move(issuer);
    state->connect = std::move(connect);
    state->io = std::move(io);
    state->clock = std::move(clock);
    return std::unique_ptr<Discovery>{new Discovery{std::move(state)}};
}

Discovery::Discovery(std::shared_ptr<State> state) : state_{std::move(state)} {}
Discovery::~Discovery() = default;

Discovery::Known Discovery::known() const
{
    const std::scoped_lock lock{state_->mutex};
    return state_->known;
}

void Discovery::suspect()
{
    const std::scoped_lock lock{state_->mutex};
    state_->suspected = true;
}

Task<Result<Discovery::Known>> Discovery::metadata(Deadline deadline)
{
    const auto state = state_;
    Known known;
    std::shared_ptr<Flight<Known>> flight;
    bool is_first = false;
    {
        const std::scoped_lock lock{state->mutex};
        const auto now = state->clock->now();
        if (state->is_fresh(now)) co_return state->known;
        if (!state->flight) {
            state->flight = std::make_shared<Flight<Known>>();
            state->asked = now;
            state->suspected = false;
            is_first = true;
        }
        known = state->known;
        flight = state->flight;
    }
    if (is_first) {
        asio::co_spawn(asio::make_strand(state->io), run(state, flight), [](std::exception_ptr) {});
    }
    if (known) co_return known;
    co_return co_await flight->join(deadline);
}

Task<void> Discovery::run(std::shared_ptr<State> state, std::shared_ptr<Flight<Known>> flight)
{
    Result<Known> answer = fail(Errc::internal, "the authorization server could not be asked");
    try {
        answer = co_await ask(state);
    } catch (const std::exception& thrown) {
        log(Event::internal_error, {{"where", "discovery"}, {"what", thrown.what()}});
    }
    {
        const std::scoped_lock lock{state->mutex};
        state->flight.reset();
        if (answer) state->known = *answer;
    }
    flight->land(std::move(answer));
}

Task<Result<Discovery::Known>> Discovery::ask(std::shared_ptr<State> state)
{
    constexpr std::string_view message = "the authorization server cannot be reached";
    const auto deadline = after(state->settings.timeout);
    TAILOPS_CO_TRY(const auto client, state->connect(endpoint_of(state->issuer)));
    std::string why;
    for (const auto& path : document_paths(state->issuer)) {
        net::HttpRequest request;
        request.target = path;
        request.headers = {{"Accept", "application/json"}};
        request.body_limit_bytes = state->settings.document_bytes_max;
        const auto response = co_await client->send(std::move(request), deadline);
        if (!response) {
            // A server that does not answer one question does not answer the next.
            co_return fail(Error{Errc::unreachable, std::string{message}}
                               .with_detail(state->issuer.origin() + path)
                               .because(response.error()));
        }
        why += (why.empty() ? "" : "; ") + path + ": ";
        if (response->status != 200) {
            why += "HTTP status " + std::to_string(response->status);
        } else if (response->truncated) {
            why += "the document is too long";
        } else if (auto metadata = parse_metadata(response->body, state->settings.issuer)) {
            co_return std::make_shared<const ServerMetadata>(std::move(*metadata));
        } else {
            why += metadata.error().describe();
        }
    }
    co_return fail(Error{Errc::unreachable, std::string{message}}.with_detail(
        "no usable metadata at " + state->issuer.origin() + ": " + why));
}

}  // namespace tailops::auth
