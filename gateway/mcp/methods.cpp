#include "gateway/mcp/methods.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/text.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace tailops::mcp {
namespace {

namespace asio = boost::asio;

// Every method this endpoint answers. Sorted by name.
constexpr std::array methods{
    Method{"initialize", nullptr, initialize, Work::quick},
    Method{"ping", nullptr, ping, Work::quick},
    Method{"server/discover", discover, nullptr, Work::quick},
    Method{"tools/call", call_tool, call_tool, Work::call},
    Method{"tools/list", list_tools, list_tools, Work::quick},
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
    if (!handler) {
        co_return noted(protocol, asked, unknown_method(asked));
    }
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

std::string begin_object(const Protocol& protocol, const Asked& asked, std::size_t bytes)
{
    auto message = begin_result(asked.message.id, bytes + 192);
    if (is_modern(asked.revision)) {
        message += R"({"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":)";
        message += protocol.server_info;
        message += '}';
    } else {
        message += '{';
    }
    return message;
}

Answer end_object(std::string message)
{
    message += '}';
    end_result(message);
    return {.body = std::move(message)};
}

Answer invalid_params(const Asked& asked, std::string why)
{
    return to_answer(
        {.code = code::invalid_params, .message = std::move(why), .id = asked.message.id});
}

}  // namespace tailops::mcp
