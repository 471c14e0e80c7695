#include "gateway/doors/mcp/methods.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;

// Every method this endpoint answers. Sorted by name.
constexpr std::array methods{
    Method{"completion/complete", complete_argument, complete_argument, Work::call,
           Part::completions, Pace::counted},
    Method{"initialize", nullptr, initialize, Work::quick, Part::core},
    Method{"logging/setLevel", nullptr, set_log_level, Work::quick, Part::logging},
    Method{"ping", nullptr, ping, Work::quick, Part::core},
    Method{"prompts/get", get_prompt, get_prompt, Work::call, Part::prompts, Pace::counted},
    Method{"prompts/list", list_prompts, list_prompts, Work::quick, Part::prompts, Pace::counted},
    Method{"resources/list", list_resources, list_resources, Work::quick, Part::resources,
           Pace::counted},
    Method{"resources/read", read_resource, read_resource, Work::call, Part::resources},
    Method{"resources/subscribe", nullptr, follow_resource, Work::quick, Part::resources,
           Pace::counted},
    Method{"resources/templates/list", list_resource_templates, list_resource_templates,
           Work::quick, Part::resources, Pace::counted},
    Method{"resources/unsubscribe", nullptr, unfollow_resource, Work::quick, Part::resources},
    Method{"server/discover", discover, nullptr, Work::quick, Part::core},
    Method{"subscriptions/listen", listen_for_changes, nullptr, Work::stream, Part::core,
           Pace::counted},
    Method{"tasks/cancel", cancel_task, nullptr, Work::call, Part::tasks},
    Method{"tasks/get", get_task, nullptr, Work::call, Part::tasks, Pace::counted},
    Method{"tasks/update", update_task, nullptr, Work::call, Part::tasks, Pace::counted},
    Method{"tools/call", call_tool, call_tool, Work::call, Part::core},
    Method{"tools/list", list_tools, list_tools, Work::quick, Part::core, Pace::counted},
};
static_assert(std::ranges::is_sorted(methods, {}, &Method::name));

std::string what_was_thrown(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "not an exception of the standard library";
    }
}

/// Whether what is served has the part of the protocol that a method belongs to.
bool is_offered(const Protocol& protocol, Part part)
{
    const auto& features = protocol.features;
    switch (part) {
    case Part::core: return true;
    case Part::prompts: return features.prompts;
    case Part::resources: return features.resources;
    case Part::completions: return features.completions;
    case Part::logging: return features.logging;
    case Part::tasks: return protocol.tasks != nullptr;
    }
    return false;
}

std::string_view name_of(ResultType type) noexcept
{
    switch (type) {
    case ResultType::complete: return "complete";
    case ResultType::input_required: return "input_required";
    case ResultType::task: return "task";
    }
    return "complete";
}

Answer unknown_method(const Asked& asked)
{
    return to_answer({.status = is_modern(asked.revision) ? 404 : 200,
                      .code = code::method_not_found,
                      .message = "method not found: " + quote(asked.message.method),
                      .id = asked.message.id});
}

}  // namespace

const Method* find_method(std::string_view name) noexcept
{
    const auto at = std::ranges::lower_bound(methods, name, {}, &Method::name);
    return at != methods.end() && at->name == name ? &*at : nullptr;
}

Task<Answer> dispatch(Protocol& protocol, const Asked& asked)
{
    const auto* method = find_method(asked.message.method);
    const bool modern = is_modern(asked.revision);
    const auto handler = !method ? nullptr : modern ? method->modern : method->legacy;
    const bool is_known = handler && is_offered(protocol, method->part);
    if (is_known && method->pace == Pace::counted) {
        if (auto admitted = protocol.service.admit(asked.principal); !admitted) {
            auto refusal = refusal_for(admitted.error(), asked.message.id);
            protocol.counters.count_error(refusal.code);
            co_return refuse(protocol, std::move(refusal));
        }
    }
    if (!is_known) co_return noted(protocol, asked, unknown_method(asked));
    std::exception_ptr thrown;
    try {
        auto answer = co_await handler(protocol, asked);
        co_return noted(protocol, asked, std::move(answer));
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(thrown);
    log(Event::internal_error,
        {{"request", asked.request.str()}, {"why", what_was_thrown(thrown)}});
    co_return noted(protocol, asked, to_answer(internal_error("internal error", asked.message.id)));
}

std::string begin_object(const Protocol& protocol,
                         const Asked& asked,
                         ResultType type,
                         std::size_t bytes)
{
    auto message = begin_result(asked.message.id, bytes + 192);
    if (!is_modern(asked.revision)) {
        message += '{';
        return message;
    }
    message += R"({"resultType":")";
    message += name_of(type);
    message += R"(","_meta":{"io.modelcontextprotocol/serverInfo":)";
    message += protocol.server_info;
    message += '}';
    return message;
}

void append_members(std::string& message, std::string_view members)
{
    if (members.empty()) return;
    if (message.back() != '{') message += ',';
    message += members;
}

Answer end_object(std::string message)
{
    message += '}';
    end_result(message);
    return {.body = std::move(message)};
}

void append_cache_hints(std::string& message, const Protocol& protocol, const Asked& asked)
{
    if (!is_modern(asked.revision)) return;
    append_members(message, R"("cacheScope":"private","ttlMs":)");
    message += std::to_string(protocol.settings.cache_ttl.count());
}

JsonPart empty_object()
{
    static const auto empty = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    return empty;
}

Answer invalid_params(const Asked& asked, std::string why, std::string data)
{
    return to_answer({.code = code::invalid_params,
                      .message = std::move(why),
                      .data = std::move(data),
                      .id = asked.message.id});
}

}  // namespace tailops::mcp
