#pragma once

#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

/// Begins a legacy call of `tool`.
inline std::shared_ptr<Flow> call(CatalogBench& bench, std::string_view tool, json arguments)
{
    return bench.start(
        bench.legacy("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}}));
}

/// The messages of a stream; priming events have none.
inline std::vector<json> messages(const Flow& flow)
{
    std::vector<json> out;
    for (const auto& [id, data] : flow.exchange.events) {
        if (!data.empty()) out.push_back(parse_json(data).value_or(json{}));
    }
    return out;
}

/// Message number `index` of the stream, once it is there. Null when the call ends before.
inline Task<json> message_at(CatalogBench& bench, std::shared_ptr<Flow> flow, std::size_t index)
{
    co_await bench.bell.until([&] { return flow->is_over || messages(*flow).size() > index; });
    const auto all = messages(*flow);
    co_return index < all.size() ? all[index] : json{};
}

/// Posts the client's response to `question`: `member` is result or error.
inline Task<int> respond(CatalogBench& bench, json question, std::string member, json value)
{
    const json response{{"jsonrpc", "2.0"},
                        {"id", field<json>(question, "id").value_or(json{})},
                        {member, std::move(value)}};
    auto inbound = bench.inbound("POST", bench.legacy_headers(), response.dump());
    const auto flow = co_await bench.serve(std::move(inbound));
    co_return flow->exchange.answer.status;
}

}  // namespace tailops::mcp::testing
