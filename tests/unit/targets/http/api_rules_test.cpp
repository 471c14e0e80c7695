#include "targets/http/api_rules.hpp"

#include "targets/http/api_path.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {

TEST(CanonicalPath, TakesWhatMeansOneThing)
{
    for (const std::string_view path :
         {"/", "/a", "/a/", "/a/b", "/a.b/..c/c..", "/a;v=1", "/a%20b", "/%C3%A4", "/a:b@c",
          "/a,b&c=d+e!$'()*", "/~x/-_.json", "/..."}) {
        EXPECT_TRUE(check_canonical_path(path)) << path;
    }
}

TEST(CanonicalPath, RefusesWhatAServerMightReadOtherwise)
{
    struct Row {
        std::string_view path, why;
    };
    const Row rows[] = {
        {"", "does not begin"},
        {"a", "does not begin"},
        {"http://b/", "does not begin"},
        {"//b/a", "empty segment"},
        {"/a//b", "empty segment"},
        {"/a/..", "\"..\" segments"},
        {"/a/../b", "\"..\" segments"},
        {"/./a", "\"..\" segments"},
        {"/a/.", "\"..\" segments"},
        {"/..;/b", "\"..\" segments"},
        {"/a/..;x=y/b", "\"..\" segments"},
        {"/a/%2e%2e/b", "needs no encoding"},
        {"/a/%2E./b", "needs no encoding"},
        {"/a/.%2e/b", "needs no encoding"},
        {"/%61dmin", "needs no encoding"},
        {"/a%2fb", "encoded slash"},
        {"/a%2Fb", "encoded slash"},
        {"/a%5cb", "encoded slash"},
        {"/a%252e%252e/b", "encoded slash"},
        {"/a%00", "control character"},
        {"/a%0d%0ab", "control character"},
        {"/a%7f", "control character"},
        {"/a%", "incomplete"},
        {"/a%4", "incomplete"},
        {"/a%zz", "incomplete"},
        {"/a?b", "query or a fragment"},
        {"/a#b", "query or a fragment"},
        {"/a\\b", "must be percent-encoded"},
        {"/a b", "must be percent-encoded"},
        {"/a\tb", "must be percent-encoded"},
        {"/a\r\nHost: b", "must be percent-encoded"},
        {"/a\"b", "must be percent-encoded"},
        {"/a|b", "must be percent-encoded"},
        {"/\xc3\xa4", "must be percent-encoded"},
    };
    for (const auto& row : rows) {
        const auto checked = check_canonical_path(row.path);
        ASSERT_FALSE(checked) << row.path;
        EXPECT_EQ(checked.error().code(), Errc::invalid_argument);
        EXPECT_NE(checked.error().public_message().find(row.why), std::string::npos)
            << checked.error().public_message();
    }
}

TEST(PathPrefix, EndsAtASegment)
{
    struct Row {
        std::string_view path, prefix;
        bool is_under;
    };
    const Row rows[] = {
        {"/a", "/a", true},       {"/a/", "/a", true}, {"/a/b", "/a", true},  {"/ab", "/a", false},
        {"/", "/a", false},       {"/a", "/a/", true}, {"/a/b", "/a/", true}, {"/ab", "/a/", false},
        {"/anything", "/", true}, {"/", "/", true},    {"/A", "/a", false},   {"/a;x", "/a", false},
        {"/b/a", "/a", false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_path_under(row.path, row.prefix), row.is_under)
            << row.path << " under " << row.prefix;
    }
}

TEST(WithQuery, EncodesNamesAndValues)
{
    EXPECT_EQ(with_query("/a", {}), "/a");
    EXPECT_EQ(with_query("/a", {{"x", "1&y=2#"}, {"a b", "c/d"}}), "/a?x=1%26y%3D2%23&a%20b=c%2Fd");
}

HttpCall call_of(std::string method, std::string path)
{
    HttpCall call;
    call.method = std::move(method);
    call.path = std::move(path);
    return call;
}

TEST(ApiRules, TakeWhatIsListedAndNothingBesideIt)
{
    const auto rules = ApiRules::create({"GET", "POST"}, {"/api/nodes", "/status"}, "X-Token");
    ASSERT_TRUE(rules);
    struct Row {
        std::string method, path;
        bool allowed;
    };
    const Row rows[] = {
        {"GET", "/api/nodes", true},      {"POST", "/api/nodes/1", true},
        {"GET", "/status", true},         {"GET", "/api/nodes2", false},
        {"GET", "/api", false},           {"GET", "/", false},
        {"GET", "/status/../api", false}, {"GET", "/status/..;/api", false},
        {"GET", "/status%2f..", false},   {"HEAD", "/status", false},
        {"DELETE", "/status", false},     {"get", "/status", false},
        {"GET ", "/status", false},       {"", "/status", false},
    };
    for (const auto& row : rows) {
        const auto checked = rules->check(call_of(row.method, row.path));
        EXPECT_EQ(checked.has_value(), row.allowed) << row.method << " " << row.path;
        if (!checked) {
            EXPECT_EQ(checked.error().code(), Errc::invalid_argument);
        }
    }
    EXPECT_EQ(rules->check(call_of("PUT", "/status")).error().public_message(),
              "this target does not take \"PUT\"; it takes GET, POST");
    EXPECT_EQ(rules->check(call_of("GET", "/x")).error().public_message(),
              "this target does not take the path \"/x\"; it takes what lies under /api/nodes, "
              "/status");
    EXPECT_EQ(rules->probe_path(), "/api/nodes");
}

TEST(ApiRules, ReadOnlyEverywhereWhenNothingIsListed)
{
    const auto rules = ApiRules::create({}, {}, "");
    ASSERT_TRUE(rules);
    EXPECT_TRUE(rules->check(call_of("GET", "/anything/at/all")));
    EXPECT_TRUE(rules->check(call_of("HEAD", "/")));
    EXPECT_FALSE(rules->check(call_of("POST", "/")));
    EXPECT_FALSE(rules->check(call_of("GET", "/a/../b")));
    EXPECT_EQ(rules->probe_path(), "/");
}

TEST(ApiRules, TakeHeadersThatCannotSteerTheExchange)
{
    const auto rules = ApiRules::create({}, {}, "X-Request-Id");
    ASSERT_TRUE(rules);
    struct Row {
        std::string name, value;
        bool allowed;
    };
    const Row rows[] = {
        {"Accept", "application/json", true},
        {"If-None-Match", "\"x\"", true},
        {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
        {"content-type", "text/plain; charset=utf-8", true},
        {"Authorization", "Bearer x", false},
        {"Host", "elsewhere", false},
        {"Cookie", "a=b", false},
        {"Connection", "close", false},
        {"Transfer-Encoding", "chunked", false},
        {"Content-Length", "1", false},
        {"Proxy-Authorization", "x", false},
        {"X-Forwarded-For", "127.0.0.1", false},
        {"X-HTTP-Method-Override", "DELETE", false},
        {"Accept-Encoding", "gzip", false},
        {"Upgrade", "websocket", false},
        {"Expect", "100-continue", false},
        {"x-request-id", "the credential's own header", false},
        {"Accept ", "x", false},
        {"Accept:", "x", false},
        {"", "x", false},
        {"Accept", "a\r\nHost: b", false},
        {"Accept", "a\nb", false},
        {"Accept", std::string("a\0b", 3), false},
    };
    for (const auto& row : rows) {
        auto call = call_of("GET", "/");
        call.headers = {{row.name, row.value}};
        EXPECT_EQ(rules->check(call).has_value(), row.allowed) << row.name << ": " << row.value;
    }
    auto twice = call_of("GET", "/");
    twice.headers = {{"Accept", "a"}, {"accept", "b"}};
    EXPECT_FALSE(rules->check(twice));
}

TEST(ApiRules, RefuseListsThatCannotBeMeant)
{
    EXPECT_FALSE(ApiRules::create({"GET IT"}, {}, ""));
    EXPECT_FALSE(ApiRules::create({}, {"/a/../b"}, ""));
    EXPECT_FALSE(ApiRules::create({}, {"a"}, ""));
    EXPECT_TRUE(ApiRules::create({"PURGE"}, {"/a/"}, ""));
}

}  // namespace
}  // namespace tailops::targets
