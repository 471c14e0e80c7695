#include "gateway/http/router.hpp"

#include "gateway/core/text.hpp"
#include "gateway/http/answer.hpp"

#include <algorithm>

namespace tailops::http {
namespace {

Task<void> send(Exchange& exchange, Reply reply)
{
    co_await exchange.reply(std::move(reply));
}

class Router {
public:
    Router(std::vector<Route> routes, RefusalShape refusal)
        : routes_{std::move(routes)},
          refusal_{std::move(refusal)}
    {
    }

    Task<void> dispatch(Request request, Exchange& exchange) const
    {
        const auto found = std::ranges::find(routes_, request.path, &Route::path);
        if (found == routes_.end()) return refuse(request, exchange);
        const auto& method = request.method == "HEAD" ? get : request.method;
        if (std::ranges::find(found->methods, method) == found->methods.end()) {
            return refuse_method(*found, exchange);
        }
        return found->handler(std::move(request), exchange);
    }

private:
    inline static const std::string get = "GET";

    static Task<void> refuse(const Request& request, Exchange& exchange)
    {
        if (request.path == "*") return send(exchange, {.status = 204, .headers = {}, .body = {}});
        // In no door's shape, whatever the path: no door is here.
        return send(exchange, refusal_reply(404, "there is nothing at this path"));
    }

    Task<void> refuse_method(const Route& route, Exchange& exchange) const
    {
        auto reply = refusal_(405, "this path does not take this method", route.path);
        reply.headers.emplace_back("Allow", join(route.methods, ", "));
        return send(exchange, std::move(reply));
    }

    const std::vector<Route> routes_;
    const RefusalShape refusal_;
};

}  // namespace

Handler make_router(std::vector<Route> routes, RefusalShape refusal)
{
    auto router = std::make_shared<const Router>(std::move(routes), std::move(refusal));
    return [router](Request request, Exchange& exchange) {
        return router->dispatch(std::move(request), exchange);
    };
}

}  // namespace tailops::http
