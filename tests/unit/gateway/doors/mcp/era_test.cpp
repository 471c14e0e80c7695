#include "gateway/doors/mcp/eras/era.hpp"

#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

const std::string version_header = "MCP-Protocol-Version";

/// "modern", "modern notification", "legacy", "legacy batch" or "<status> <code> <id>".
std::string outcome(const Classified& classified)
{
    if (std::get_if<ModernRequest>(&classified)) return "modern";
    if (std::get_if<ModernNotification>(&classified)) return "modern notification";
    if (const auto* legacy = std::get_if<LegacyMessages>(&classified)) {
        return legacy->is_batch ? "legacy batch" : "legacy";
    }
    const auto& refusal = *std::get_if<Refusal>(&classified);
    return std::to_string(refusal.status) + ' ' + std::to_string(refusal.code) + ' ' +
           (refusal.id ? refusal.id->text() : "-");
}

std::string request(std::string_view method, std::string_view meta, std::string_view more = "")
{
    return R"({"jsonrpc":"2.0","id":7,"method":")" + std::string{method} + R"(","params":{)" +
           std::string{more} + R"("_meta":{)" + std::string{meta} + "}}}";
}

constexpr std::string_view full =
    R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{})";
const auto meta_with = [](std::string_view more) {
    return std::string{full} + ',' + std::string{more};
};
const auto version = [](std::string_view value) {
    return R"("io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/protocolVersion":)" +
           std::string{value};
};

http::Headers modern(std::string method, http::Headers more = {})
{
    http::Headers headers{{version_header, "2026-07-28"}, {"Mcp-Method", std::move(method)}};
    for (auto& header : more) headers.push_back(std::move(header));
    return headers;
}

struct Row {
    std::string_view name;
    http::Headers headers;
    std::string body;
    std::string_view outcome;
};

class Era : public ::testing::TestWithParam<Row> {};

TEST_P(Era, IsToldFromBodyThenHeader)
{
    const auto& row = GetParam();
    EXPECT_EQ(outcome(classify(row.headers, decode(row.body, 64))), row.outcome) << row.body;
}

const std::string bare = R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})";
const std::string initialize = R"({"jsonrpc":"2.0","id":7,"method":"initialize","params":{}})";
const std::string list = request("tools/list", full);
const std::string call = request("tools/call", full, R"("name":"echo",)");
const std::string note = R"({"jsonrpc":"2.0","method":"notifications/cancelled"})";
const std::string response = R"({"jsonrpc":"2.0","id":7,"result":{}})";

INSTANTIATE_TEST_SUITE_P(
    Bodies,
    Era,
    ::testing::ValuesIn(std::vector<Row>{
        {"parse_error", {}, "{", "400 -32700 -"},
        {"parse_error_modern", modern("tools/list"), "{", "400 -32700 -"},
        {"malformed", {}, R"({"jsonrpc":"2.0","id":7})", "400 -32600 7"},
        {"null_id", {}, R"({"jsonrpc":"2.0","id":null,"method":"m"})", "400 -32600 -"},
        {"empty_batch", {}, "[]", "400 -32600 -"},
        {"legacy_batch", {}, "[" + bare + "," + note + "]", "legacy batch"},
        {"batch_with_modern_request", {}, "[" + bare + "," + list + "]", "400 -32600 -"},
        {"batch_with_rubbish", {}, "[" + bare + ",1]", "legacy batch"},
        {"batch_under_modern_header", modern("tools/list"), "[" + bare + "]", "400 -32600 -"},
        {"response_is_legacy", {}, response, "legacy"},
        {"response_under_modern_header", modern("x"), response, "400 -32600 7"},
        {"response_under_legacy_header", {{version_header, "2025-11-25"}}, response, "legacy"},
        {"initialize", {}, initialize, "legacy"},
        {"initialize_with_legacy_header", {{version_header, "2025-06-18"}}, initialize, "legacy"},
        {"initialize_with_modern_header",
         {{version_header, "2026-07-28"}},
         initialize,
         "400 -32020 7"},
        {"initialize_with_later_header",
         {{version_header, "2027-01-01"}},
         initialize,
         "400 -32020 7"},
        {"initialize_with_envelope", modern("initialize"), request("initialize", full), "modern"},
        {"no_claim", {}, bare, "legacy"},
        {"no_claim_legacy_header", {{version_header, "2025-03-26"}}, bare, "legacy"},
        {"no_claim_odd_header", {{version_header, "invalid-protocol-version"}}, bare, "legacy"},
        {"no_claim_modern_header", modern("tools/list"), bare, "400 -32602 7"},
        {"no_claim_later_header", {{version_header, "2099-01-01"}}, bare, "400 -32602 7"},
        {"meta_without_version", modern("tools/list"),
         request("tools/list", R"("io.modelcontextprotocol/clientCapabilities":{})"),
         "400 -32602 7"},
        {"meta_is_no_object", modern("tools/list"),
         R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":1}})", "400 -32602 7"},
        {"notification", {}, note, "legacy"},
        {"notification_modern_header",
         {{version_header, "2026-07-28"}},
         note,
         "modern notification"},
        {"notification_with_claim",
         {},
         R"({"jsonrpc":"2.0","method":"n","params":{"_meta":{)" + std::string{full} + "}}}",
         "modern notification"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Envelopes,
    Era,
    ::testing::ValuesIn(std::vector<Row>{
        {"complete", modern("tools/list"), list, "modern"},
        {"no_client_info_is_fine", modern("tools/list"), list, "modern"},
        {"version_is_a_number", modern("tools/list"), request("tools/list", version("1")),
         "400 -32602 7"},
        {"version_is_null", modern("tools/list"), request("tools/list", version("null")),
         "400 -32602 7"},
        {"no_capabilities", modern("tools/list"),
         request("tools/list", R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")"),
         "400 -32602 7"},
        {"capabilities_are_a_list", modern("tools/list"),
         request(
             "tools/list",
             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[])"),
         "400 -32602 7"},
        {"client_info", modern("tools/list"),
         request("tools/list",
                 meta_with(R"("io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"})")),
         "modern"},
        {"client_info_without_version", modern("tools/list"),
         request("tools/list", meta_with(R"("io.modelcontextprotocol/clientInfo":{"name":"a"})")),
         "400 -32602 7"},
        {"client_info_is_text", modern("tools/list"),
         request("tools/list", meta_with(R"("io.modelcontextprotocol/clientInfo":"a")")),
         "400 -32602 7"},
        {"log_level", modern("tools/list"),
         request("tools/list", meta_with(R"("io.modelcontextprotocol/logLevel":"debug")")),
         "modern"},
        {"unknown_log_level", modern("tools/list"),
         request("tools/list", meta_with(R"("io.modelcontextprotocol/logLevel":"loud")")),
         "400 -32602 7"},
        {"progress_token", modern("tools/list"),
         request("tools/list", meta_with(R"("progressToken":"t")")), "modern"},
        {"progress_token_is_an_object", modern("tools/list"),
         request("tools/list", meta_with(R"("progressToken":{})")), "400 -32602 7"},
        {"unknown_keys_are_ignored", modern("tools/list"),
         request("tools/list", meta_with(R"("com.example/x":1)")), "modern"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Headers,
    Era,
    ::testing::ValuesIn(std::vector<Row>{
        {"version_differs", modern("tools/list"), request("tools/list", version(R"("v999.0.0")")),
         "400 -32020 7"},
        {"envelope_before_header",
         {{version_header, "2025-11-25"}},
         request("tools/list", version("1")),
         "400 -32602 7"},
        {"unsupported",
         {{version_header, "v999.0.0"}, {"Mcp-Method", "tools/list"}},
         request("tools/list", version(R"("v999.0.0")")),
         "400 -32022 7"},
        {"unsupported_beats_missing_method",
         {{version_header, "v999.0.0"}},
         request("tools/list", version(R"("v999.0.0")")),
         "400 -32022 7"},
        {"unsupported_beats_all_missing",
         {},
         request("tools/list", version(R"("1900-01-01")")),
         "400 -32022 7"},
        {"legacy_version_in_the_envelope",
         {{version_header, "2025-11-25"}},
         request("tools/list", version(R"("2025-11-25")")),
         "400 -32022 7"},
        {"wrong_method_beats_unsupported",
         {{version_header, "v9"}, {"Mcp-Method", "other"}},
         request("tools/list", version(R"("v9")")),
         "400 -32020 7"},
        {"no_version_header", {{"Mcp-Method", "tools/list"}}, list, "400 -32020 7"},
        {"no_method_header", {{version_header, "2026-07-28"}}, list, "400 -32020 7"},
        {"method_differs", modern("tools/call"), list, "400 -32020 7"},
        {"method_in_other_case", modern("Tools/List"), list, "400 -32020 7"},
        {"names_in_any_case",
         {{"mcp-PROTOCOL-version", "2026-07-28"}, {"MCP-METHOD", "tools/list"}},
         list,
         "modern"},
        {"white_space",
         {{version_header, " 2026-07-28\t"}, {"Mcp-Method", "  tools/list  "}},
         list,
         "modern"},
        {"repeated_alike", modern("tools/list", {{"Mcp-Method", "tools/list"}}), list, "modern"},
        {"repeated_differently", modern("tools/list", {{"Mcp-Method", "tools/call"}}), list,
         "400 -32020 7"},
        {"version_repeated_differently", modern("tools/list", {{version_header, "2025-11-25"}}),
         list, "400 -32020 7"},
        {"raw_bytes", modern("tools/list\xff"), list, "400 -32020 7"},
        {"session_id_is_ignored", modern("tools/list", {{"Mcp-Session-Id", "x"}}), list, "modern"},
        {"name", modern("tools/call", {{"Mcp-Name", "echo"}}), call, "modern"},
        {"name_missing", modern("tools/call"), call, "400 -32020 7"},
        {"name_differs", modern("tools/call", {{"Mcp-Name", "ecko"}}), call, "400 -32020 7"},
        {"name_encoded", modern("tools/call", {{"Mcp-Name", "=?base64?ZWNobw==?="}}), call,
         "modern"},
        {"name_badly_encoded", modern("tools/call", {{"Mcp-Name", "=?base64?ZWNobw?="}}), call,
         "400 -32020 7"},
        {"name_repeated_differently",
         modern("tools/call", {{"Mcp-Name", "echo"}, {"Mcp-Name", "erase"}}), call, "400 -32020 7"},
        {"name_raw_utf8", modern("tools/call", {{"Mcp-Name", "日本"}}),
         request("tools/call", full, R"("name":"日本",)"), "400 -32020 7"},
        {"name_utf8_encoded", modern("tools/call", {{"Mcp-Name", "=?base64?5pel5pys?="}}),
         request("tools/call", full, R"("name":"日本",)"), "modern"},
        {"name_absent_in_body", modern("tools/call", {{"Mcp-Name", "echo"}}),
         request("tools/call", full), "modern"},
        {"prompt", modern("prompts/get", {{"Mcp-Name", "p"}}),
         request("prompts/get", full, R"("name":"p",)"), "modern"},
        {"prompt_missing", modern("prompts/get"), request("prompts/get", full, R"("name":"p",)"),
         "400 -32020 7"},
        {"resource", modern("resources/read", {{"Mcp-Name", "x://y"}}),
         request("resources/read", full, R"("uri":"x://y",)"), "modern"},
        {"resource_differs", modern("resources/read", {{"Mcp-Name", "x://z"}}),
         request("resources/read", full, R"("uri":"x://y",)"), "400 -32020 7"},
        {"task_get", modern("tasks/get", {{"Mcp-Name", "t"}}),
         request("tasks/get", full, R"("taskId":"t",)"), "modern"},
        {"task_update_differs", modern("tasks/update", {{"Mcp-Name", "u"}}),
         request("tasks/update", full, R"("taskId":"t",)"), "400 -32020 7"},
        {"task_cancel_missing", modern("tasks/cancel"),
         request("tasks/cancel", full, R"("taskId":"t",)"), "400 -32020 7"},
        {"other_methods_need_no_name", modern("server/discover"), request("server/discover", full),
         "modern"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Era, NamesWhatIsSupportedAndWhatWasAsked)
{
    const auto classified = classify({}, decode(request("tools/list", version(R"("v\"9")")), 64));
    const auto& refusal = *std::get_if<Refusal>(&classified);
    EXPECT_EQ(refusal.data, R"({"supported":["2026-07-28"],"requested":"v\"9"})");
}

TEST(Era, ReadsTheEnvelope)
{
    const auto body = request(
        "tools/list",
        meta_with(
            R"("io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"},"io.modelcontextprotocol/logLevel":"info","progressToken":5)"));
    const auto classified = classify(modern("tools/list"), decode(body, 64));
    const auto& envelope = std::get_if<ModernRequest>(&classified)->envelope;
    EXPECT_EQ(envelope.client, "a");
    EXPECT_EQ(envelope.log_level, "info");
    EXPECT_EQ(envelope.progress_token, MessageId{5});
    EXPECT_TRUE(envelope.capabilities->is_object());
}

std::string trace_id_of(const http::Headers& headers, nlohmann::json meta)
{
    const auto params =
        std::make_shared<const nlohmann::json>(nlohmann::json{{"_meta", std::move(meta)}});
    const auto trace = trace_of(headers, params);
    return trace ? trace->trace_id + ' ' + trace->state : "none";
}

TEST(Trace, IsThatOfTheBodyThenOfTheHeaders)
{
    const std::string ones(32, '1'), twos(32, '2');
    const auto parent = [](const std::string& id) { return "00-" + id + "-00f067aa0ba902b7-01"; };
    const http::Headers headers{{"Traceparent", parent(ones)}, {"tracestate", "h=1"}};
    const nlohmann::json meta{{"traceparent", parent(twos)}, {"tracestate", "b=2"}};
    EXPECT_EQ(trace_id_of(headers, meta), twos + " b=2");
    EXPECT_EQ(trace_id_of(headers, nlohmann::json::object()), ones + " h=1");
    EXPECT_EQ(trace_id_of({}, meta), twos + " b=2");
    EXPECT_EQ(trace_id_of(headers, {{"traceparent", "00-nothing"}}), ones + " h=1");
    EXPECT_EQ(trace_id_of(headers, {{"traceparent", 7}}), ones + " h=1");
    EXPECT_EQ(trace_id_of({}, {{"traceparent", "00-nothing"}}), "none");
    // Two that differ are none.
    EXPECT_EQ(trace_id_of({headers[0], {"traceparent", parent(twos)}}, {}), "none");
    EXPECT_FALSE(trace_of({}, nullptr));
}

}  // namespace
}  // namespace tailops::mcp
