#include "gateway/core/json.hpp"
#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/tasks/task_board.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

// Bounds one request's wish list; a client that follows more opens another stream.
constexpr std::size_t names_max = 256;

Result<bool> wish(const json& notifications, std::string_view name)
{
    TAILOPS_TRY(const auto wanted, optional_field<bool>(notifications, name));
    return wanted.value_or(false);
}

Result<std::set<std::string, std::less<>>> names(const json& notifications, std::string_view name)
{
    TAILOPS_TRY(const auto given, optional_field<std::vector<std::string>>(notifications, name));
    if (!given) return std::set<std::string, std::less<>>{};
    if (given->size() > names_max) {
        return fail(Errc::invalid_argument, '"' + std::string{name} + "\" holds at most " +
                                                std::to_string(names_max) + " entries");
    }
    return std::set<std::string, std::less<>>{given->begin(), given->end()};
}

/// What the request asks for, narrowed to what is served.
Result<Interests> interests_of(const Protocol& protocol, const json& wanted)
{
    Interests out;
    TAILOPS_TRY(out.tools, wish(wanted, "toolsListChanged"));
    TAILOPS_TRY(const bool prompts, wish(wanted, "promptsListChanged"));
    TAILOPS_TRY(const bool resources, wish(wanted, "resourcesListChanged"));
    TAILOPS_TRY(out.uris, names(wanted, "resourceSubscriptions"));
    TAILOPS_TRY(out.tasks, names(wanted, "taskIds"));
    out.prompts = prompts && protocol.features.prompts;
    out.resources = resources && protocol.features.resources;
    if (!protocol.features.resources) out.uris.clear();
    return out;
}

/// What is agreed to at the beginning: of the resources, those that the principal may know of now.
Interests agreed(Interests wanted, const service::MayKnow& may_know)
{
    std::erase_if(wanted.uris, [&](const std::string& uri) { return !may_know(uri); });
    return wanted;
}

void append_names(std::string& out, std::string_view name, const auto& all)
{
    if (all.empty()) return;
    if (out.back() != '{') out += ',';
    out += json_string(name) + ":[";
    for (const auto& one : all) {
        if (out.back() != '[') out += ',';
        append_json_string(out, one);
    }
    out += ']';
}

std::string acknowledged(const Interests& interests)
{
    std::string out = "{";
    const auto flag = [&out](std::string_view name, bool is_set) {
        if (!is_set) return;
        if (out.back() != '{') out += ',';
        out += json_string(name) + ":true";
    };
    flag("toolsListChanged", interests.tools);
    flag("promptsListChanged", interests.prompts);
    flag("resourcesListChanged", interests.resources);
    append_names(out, "resourceSubscriptions", interests.uris);
    append_names(out, "taskIds", interests.tasks);
    return out + '}';
}

/// The result that ends the stream: it names the subscription beside us.
Answer end_of(const Protocol& protocol, const Asked& asked)
{
    auto message = begin_result(asked.message.id, 192);
    message += R"({"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":)";
    message += protocol.server_info;
    message += R"(,"io.modelcontextprotocol/subscriptionId":)";
    asked.message.id.append_to(message);
    message += '}';
    return end_object(std::move(message));
}

}  // namespace

Task<Answer> listen_for_changes(Protocol& protocol, const Asked& asked)
{
    const auto& params = asked.message.params;
    const auto* wanted = params ? find_member(*params, "notifications") : nullptr;
    if (!wanted || !wanted->is_object()) {
        co_return invalid_params(asked, "\"notifications\" must be an object");
    }
    auto interests = interests_of(protocol, *wanted);
    if (!interests) co_return invalid_params(asked, interests.error().public_message());
    if (!interests->tasks.empty()) {
        if (auto refusal = tasks_undeclared(protocol, asked)) co_return *std::move(refusal);
    }
    auto may_know = knowledge_of(protocol, asked.principal);
    const auto begins_with = agreed(*interests, may_know);
    auto greeting = notification_message("notifications/subscriptions/acknowledged",
                                         R"({"notifications":)" + acknowledged(begins_with) + ',' +
                                             subscription_meta(asked.message.id) + '}');
    if (begins_with.empty()) {
        asked.outbox->notify(std::move(greeting));
        co_return end_of(protocol, asked);  // nothing is agreed to
    }
    const auto home = co_await asio::this_coro::executor;
    const auto until =
        std::make_shared<asio::steady_timer>(home, stream_end(protocol, asked.principal));
    const auto place = protocol.subscriptions.add(
        {.id = asked.message.id,
         .principal = asked.principal.identity.key(),
         .may_know = std::move(may_know),
         .interests = *std::move(interests),
         .outbox = asked.outbox,
         .greeting = std::move(greeting),
         .end = [home, until] { asio::post(home, [until] { until->cancel(); }); }});
    if (!place) co_return refuse(protocol, refusal_for(place.error(), asked.message.id));
    // Until the client leaves, the token ends, or the gateway stops.
    co_await until->async_wait(asio::as_tuple(asio::use_awaitable));
    co_return end_of(protocol, asked);
}

}  // namespace tailops::mcp
