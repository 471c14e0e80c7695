#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using nlohmann::json;
using targets::HttpCall;
using ::testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Result<Plan> plan(const json& arguments)
{
    return find("http_request")->plan(arguments, {});
}

TEST(HttpRequest, ReadingAndChangingAreTwoRights)
{
    for (const auto* method : {"GET", "HEAD"}) {
        const auto made = plan({{"method", method}, {"path", "/api"}});
        ASSERT_TRUE(made);
        EXPECT_EQ(made->right.capability.text(), "http:read");
        EXPECT_EQ(made->right.tier, Tier::observe);
    }
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        const auto made = plan({{"method", method}, {"path", "/api"}});
        ASSERT_TRUE(made);
        EXPECT_EQ(made->right.capability.text(), "http:write");
        EXPECT_EQ(made->right.tier, Tier::control);
    }
    EXPECT_FALSE(validate_arguments(*find("http_request"),
                                    {{"target", "t"}, {"path", "/"}, {"method", "TRACE"}}));
    EXPECT_FALSE(validate_arguments(*find("http_request"),
                                    {{"target", "t"}, {"path", "/"}, {"method", "get"}}));
}

TEST(HttpRequest, CarriesQueryHeadersAndBody)
{
    const auto made = plan({{"method", "POST"},
                            {"path", "/api/items"},
                            {"query", {{"a", "x&y"}, {"n", 5}, {"on", true}}},
                            {"headers", {{"Accept", "application/json"}}},
                            {"body", {{"k", "v"}}}});
    ASSERT_TRUE(made) << made.error().describe();
    const auto& call = std::get<HttpCall>(made->operation);
    EXPECT_EQ(call.query, (Pairs{{"a", "x&y"}, {"n", "5"}, {"on", "true"}}));
    EXPECT_EQ(call.headers,
              (Pairs{{"Accept", "application/json"}, {"Content-Type", "application/json"}}));
    EXPECT_EQ(call.body, R"({"k":"v"})");
    EXPECT_EQ(std::get<std::string>(made->parameters.at("path")), "/api/items");
    const auto text = plan({{"method", "PUT"},
                            {"path", "/a"},
                            {"body", "x"},
                            {"headers", {{"content-type", "text/csv"}}}});
    EXPECT_EQ(std::get<HttpCall>(text->operation).headers, (Pairs{{"content-type", "text/csv"}}));
}

TEST(HttpRequest, RefusesPathsThatMeanTwoThings)
{
    for (const auto* path : {"/", "/api", "/api/", "/a.b/c~d", "/a%20b"}) {
        EXPECT_TRUE(plan({{"path", path}})) << path;
    }
    for (const auto* path :
         {"", "api", "//evil.example/x", "/a/../b", "/a/./b", "/a//b", "/a?x=1", "/a#b",
          "/%2e%2e/b", "/a%2fb", "/a%00", "/a%5cb", "/a\\b", "/a b", "/a\r\nX: y", "/..;/b"}) {
        EXPECT_FALSE(plan({{"path", path}})) << path;
    }
}

TEST(HttpRequest, RefusesHeadersThatAreTheGateways)
{
    for (const auto* name :
         {"Authorization", "cookie", "HOST", "Content-Length", "transfer-encoding", "Connection",
          "Proxy-Authorization", "X-Forwarded-For", "Bad Name", "", "a:b", "a\nb"}) {
        EXPECT_FALSE(plan({{"path", "/"}, {"headers", {{name, "x"}}}})) << name;
    }
    EXPECT_FALSE(plan({{"path", "/"}, {"headers", {{"X-A", "a\r\nHost: b"}}}}));
    EXPECT_TRUE(plan({{"path", "/"}, {"headers", {{"X-A", "a"}}}}));
    EXPECT_FALSE(plan({{"path", "/"}, {"body", "x"}}));
}

TEST(HttpRequest, ShowsTheAnswer)
{
    const auto made = plan({{"path", "/"}});
    targets::ExecutionResult result;
    result.status = 200;
    result.content_type = "application/json";
    result.output = R"({"a": 1})";
    result.output_bytes = 8;
    const auto good = told(made->present(result));
    ASSERT_TRUE(good);
    EXPECT_TRUE(validate_against(*parse_json(find("http_request")->output_schema), *good));
    EXPECT_EQ(good->at("success"), true);
    EXPECT_EQ(good->at("body"), R"({"a": 1})");
    result.status = 404;
    EXPECT_EQ(told(made->present(result))->at("success"), false);
    result.output = std::string{"\x89PNG\0", 5};
    EXPECT_FALSE(told(made->present(result))->contains("body"));
    EXPECT_THAT(told(made->present(result))->at("note").get<std::string>(), HasSubstr("no text"));
    result.output = "caf\xC3";  // cut within a character
    result.truncated = true;
    EXPECT_EQ(told(made->present(result))->at("body"), "caf");
    EXPECT_EQ(made->rest, Plan::Rest::kept);
}

TEST(HttpRequest, ShowsATextThatIsNotUtf8AsItsServerMeansIt)
{
    struct Row {
        const char* content_type;
        std::string bytes;
        const char* shown;  // null: it is no text
    };
    const Row rows[] = {
        {"text/plain; charset=iso-8859-1", "T\xFCr", "T\u00fcr"},
        {"text/html;Charset=\"ISO-8859-1\"", "T\xFCr", "T\u00fcr"},
        {"application/json", "{\"a\": \"K\xFC\"}", "{\"a\": \"K\uFFFD\"}"},
        {"application/problem+json", "\xFF", "\uFFFD"},
        {"text/plain", "one\nodd \xFF byte\n", "one\nodd \uFFFD byte\n"},
        {"application/octet-stream", "one\xFF", nullptr},
        {"image/png", "\x89PNG", nullptr},
        {"", "\xFF\xFE", nullptr},
        {"text/plain", std::string{"a\0\xFF", 3}, nullptr},
    };
    const auto made = plan({{"path", "/"}});
    for (const auto& row : rows) {
        targets::ExecutionResult result;
        result.status = 200;
        result.content_type = row.content_type;
        result.output = row.bytes;
        result.output_bytes = row.bytes.size();
        const auto content = told(made->present(result));
        ASSERT_TRUE(content);
        EXPECT_TRUE(validate_against(*parse_json(find("http_request")->output_schema), *content));
        EXPECT_EQ(content->value("body", "(none)"), row.shown ? row.shown : "(none)")
            << row.content_type;
        EXPECT_EQ(content->at("body_bytes"), row.bytes.size());
    }
}

TEST(HttpRequest, SaysThatABodyIsCompressed)
{
    const auto made = plan({{"path", "/"}});
    targets::ExecutionResult result;
    result.status = 200;
    result.content_type = "application/json";
    result.headers = {{"content-encoding", "br"}};
    result.output = "\x0B\x05\x80{}";
    result.output_bytes = 5;
    const auto content = told(made->present(result));
    EXPECT_FALSE(content->contains("body"));
    EXPECT_THAT(content->at("note").get<std::string>(), HasSubstr("compressed (br)"));
    result.headers = {{"content-encoding", "identity"}};
    EXPECT_TRUE(told(made->present(result))->contains("body"));
}

TEST(HttpRequest, ShowsTheHeadersThatLeadOn)
{
    const auto made = plan({{"path", "/"}});
    targets::ExecutionResult result;
    result.status = 302;
    EXPECT_FALSE(told(made->present(result))->contains("headers"));
    result.headers = {{"location", "https://login.example/start"}, {"etag", "\"v7\""}};
    const auto content = told(made->present(result));
    EXPECT_TRUE(validate_against(*parse_json(find("http_request")->output_schema), *content));
    EXPECT_EQ(content->at("headers"),
              (json{{"location", "https://login.example/start"}, {"etag", "\"v7\""}}));
}

TEST(HttpRequest, ShowsBothEndsOfAnAnswerThatWasCut)
{
    const auto made = plan({{"path", "/"}});
    targets::ExecutionResult result;
    result.status = 200;
    result.output = "one\ntwo\nthree\nfo\xC3";  // cut within a character
    result.output_tail = "\xBC\nlast\n";
    result.output_bytes = 5000;
    result.truncated = true;
    const auto content = told(made->present(result));
    ASSERT_TRUE(content);
    EXPECT_TRUE(validate_against(*parse_json(find("http_request")->output_schema), *content));
    EXPECT_EQ(content->at("body"), "one\ntwo\n");
    EXPECT_EQ(content->at("body_tail"), "ast\n");
    EXPECT_EQ(content->at("stdout_bytes"), 5000);
    EXPECT_EQ(content->at("truncated"), true);
}

}  // namespace
}  // namespace tailops::tools
