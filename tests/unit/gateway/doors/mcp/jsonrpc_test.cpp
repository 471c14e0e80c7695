#include "gateway/doors/mcp/wire/jsonrpc.hpp"

#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

/// "request:<id>", "notification", "response:<id>", "malformed:<id>", "unparsable" or "batch".
std::string kind_of(const Message& message)
{
    const auto text = [](const std::optional<MessageId>& id) { return id ? id->text() : "-"; };
    if (const auto* request = std::get_if<RpcRequest>(&message)) {
        return "request:" + request->id.text();
    }
    if (std::get_if<RpcNotification>(&message)) return "notification";
    if (const auto* response = std::get_if<RpcResponse>(&message)) {
        return "response:" + text(response->id);
    }
    return "malformed:" + text(std::get_if<Malformed>(&message)->id);
}
std::string kind_of(const Decoded& decoded)
{
    if (std::get_if<Unparsable>(&decoded)) return "unparsable";
    if (const auto* message = std::get_if<Message>(&decoded)) return kind_of(*message);
    std::string kinds = "batch";
    for (const auto& message : std::get_if<Batch>(&decoded)->messages) {
        kinds += ' ' + kind_of(message);
    }
    return kinds;
}

struct Row {
    std::string_view name;
    std::string_view body;
    std::string_view kind;
};

class Decode : public ::testing::TestWithParam<Row> {};

TEST_P(Decode, TellsTheKindAndEchoesTheId)
{
    EXPECT_EQ(kind_of(decode(GetParam().body, 8)), GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    Messages,
    Decode,
    ::testing::ValuesIn(std::vector<Row>{
        {"request", R"({"jsonrpc":"2.0","id":1,"method":"m"})", "request:1"},
        {"string_id", R"({"jsonrpc":"2.0","id":"é\"","method":"m"})", "request:\"é\\\"\""},
        {"empty_string_id", R"({"jsonrpc":"2.0","id":"","method":"m"})", "request:\"\""},
        {"digits_stay_a_string", R"({"jsonrpc":"2.0","id":"1","method":"m"})", "request:\"1\""},
        {"largest", R"({"jsonrpc":"2.0","id":9223372036854775807,"method":"m"})",
         "request:9223372036854775807"},
        {"smallest", R"({"jsonrpc":"2.0","id":-9223372036854775808,"method":"m"})",
         "request:-9223372036854775808"},
        {"beyond_2_53", R"({"jsonrpc":"2.0","id":9007199254740993,"method":"m"})",
         "request:9007199254740993"},
        {"too_large", R"({"jsonrpc":"2.0","id":9223372036854775808,"method":"m"})", "malformed:-"},
        {"far_too_large", R"({"jsonrpc":"2.0","id":99999999999999999999,"method":"m"})",
         "malformed:-"},
        {"null_id", R"({"jsonrpc":"2.0","id":null,"method":"m"})", "malformed:-"},
        {"float_id", R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", "malformed:-"},
        {"whole_float_id", R"({"jsonrpc":"2.0","id":1.0,"method":"m"})", "malformed:-"},
        {"exponent_id", R"({"jsonrpc":"2.0","id":1e3,"method":"m"})", "malformed:-"},
        {"bool_id", R"({"jsonrpc":"2.0","id":true,"method":"m"})", "malformed:-"},
        {"object_id", R"({"jsonrpc":"2.0","id":{},"method":"m"})", "malformed:-"},
        {"notification", R"({"jsonrpc":"2.0","method":"m","params":{}})", "notification"},
        {"result", R"({"jsonrpc":"2.0","id":"s","result":{}})", "response:\"s\""},
        {"error", R"({"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"m"}})", "response:2"},
        {"error_without_id", R"({"jsonrpc":"2.0","error":{}})", "response:-"},
        {"result_without_id", R"({"jsonrpc":"2.0","result":{}})", "malformed:-"},
        {"both", R"({"jsonrpc":"2.0","id":3,"result":{},"error":{}})", "malformed:3"},
        {"request_and_result", R"({"jsonrpc":"2.0","id":3,"method":"m","result":{}})",
         "malformed:3"},
        {"neither", R"({"jsonrpc":"2.0","id":3})", "malformed:3"},
        {"version", R"({"jsonrpc":"1.0","id":3,"method":"m"})", "malformed:3"},
        {"no_version", R"({"id":3,"method":"m"})", "malformed:3"},
        {"method_number", R"({"jsonrpc":"2.0","id":3,"method":4})", "malformed:3"},
        {"params_array", R"({"jsonrpc":"2.0","id":3,"method":"m","params":[]})", "malformed:3"},
        {"params_null", R"({"jsonrpc":"2.0","id":3,"method":"m","params":null})", "malformed:3"},
        {"number", "1", "malformed:-"},
        {"string", "\"x\"", "malformed:-"},
        {"empty", "", "unparsable"},
        {"cut", R"({"jsonrpc":"2.0")", "unparsable"},
        {"trailing", R"({"jsonrpc":"2.0","method":"m"} x)", "unparsable"},
        {"same_name_twice", R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})", "unparsable"},
        {"invalid_utf8", "\"\xff\"", "unparsable"},
        {"deep", R"({"jsonrpc":"2.0","method":"m","params":{"a":[[[[[[[1]]]]]]]}})", "unparsable"},
        {"deep_enough", R"({"jsonrpc":"2.0","method":"m","params":{"a":[[[[[1]]]]]}})",
         "notification"},
        {"empty_batch", "[]", "batch"},
        {"batch", R"([{"jsonrpc":"2.0","id":1,"method":"m"},{"jsonrpc":"2.0","method":"m"},7])",
         "batch request:1 notification malformed:-"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Messages, OutliveTheParsedTextByTheirParts)
{
    JsonPart params;
    {
        const auto decoded = decode(R"({"jsonrpc":"2.0","method":"m","params":{"a":"b"}})", 8);
        params = std::get_if<RpcNotification>(std::get_if<Message>(&decoded))->params;
    }
    EXPECT_EQ(text_member(*params, "a"), "b");
}

TEST(Messages, AnErrorWithoutAReadableIdHasNone)
{
    EXPECT_EQ(error_message({}, -32700, "parse error"),
              R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"parse error"}})");
    EXPECT_EQ(error_message(MessageId{"a"}, 1, "x\n", R"({"d":1})"),
              R"({"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"x\n","data":{"d":1}}})");
}

TEST(Messages, AResultIsWrittenInPlace)
{
    auto message = begin_result(MessageId{7}, 2);
    message += "{}";
    end_result(message);
    EXPECT_EQ(message, R"({"jsonrpc":"2.0","id":7,"result":{}})");
    EXPECT_EQ(notification_message("n", "{}"), R"({"jsonrpc":"2.0","method":"n","params":{}})");
}

}  // namespace
}  // namespace tailops::mcp
