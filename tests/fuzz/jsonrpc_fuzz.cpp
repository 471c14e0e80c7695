// Any body of a POST, with and without the headers of a modern client: decoding and classifying it
// must end, and whatever is refused must be answered by valid JSON.

#include "gateway/core/json.hpp"
#include "gateway/doors/mcp/eras/era.hpp"
#include "gateway/doors/mcp/wire/jsonrpc.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace tailops;

void check(const http::Headers& headers, std::string_view body)
{
    auto classified = mcp::classify(headers, mcp::decode(body, 64));
    if (auto* refusal = std::get_if<mcp::Refusal>(&classified)) {
        const auto answer = mcp::to_answer(std::move(*refusal));
        if (!parse_json(answer.body)) std::abort();
    }
    if (const auto* modern = std::get_if<mcp::ModernRequest>(&classified)) {
        auto message = mcp::begin_result(modern->message.id, 2);
        message += "{}";
        mcp::end_result(message);
        const auto echoed = parse_json(message);
        const auto sent = parse_json(body);
        // The id comes back exactly as it was sent.
        if (!echoed || !sent || *find_member(*echoed, "id") != *find_member(*sent, "id"))
            std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string_view body{reinterpret_cast<const char*>(bytes), size};
    check({}, body);
    check({{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/list"}}, body);
    return 0;
}
