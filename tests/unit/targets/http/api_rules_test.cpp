#include "targets/http/api_rules.hpp"

#include "targets/http/api_path.hpp"

#include <gtest/gtest.h>

namespace tailops::targets {
namespace {

TEST(CanonicalPath, TakesWhatMeansOneThing)
{
    for (const std::string_view path :
         {"/", "/a", "/a/", "/a/b", "/a.b/..c/c..", "/a%20b", "/%C3%A4", "/a:b@c", "/a%22b%7C",
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
        {"/..;/b", "cut off with what follows"},
        {"/a/..;x=y/b", "cut off with what follows"},
        {"/admin;/y", "cut off with what follows"},
        {"/a;v=1", "cut off with what follows"},
        {"/admin%3Bx/y", "cut off with what follows"},
        {"/a/..%3Bx/b", "cut off with what follows"},
        {"/a/%2e%2e/b", "\"..\" segments"},
        {"/a/%2E./b", "\"..\" segments"},
        {"/a/.%2e/b", "\"..\" segments"},
        {"/a/..%20/b", "begins or ends with a blank"},
        {"/admin%20/y", "begins or ends with a blank"},
        {"/%20admin", "begins or ends with a blank"},
        {"/a%C0%AF..", "not UTF-8"},
        {"/a%FF", "not UTF-8"},
        {"/x%3Adelete", "needs no encoding"},
        {"/users/%40me", "needs no encoding"},
        {"/a%2Bb", "needs no encoding"},
        {"/a%c3%a4", "small letters"},
        {"/a%2f%3A", "encoded slash"},
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

TEST(CanonicalPath, TellsTheOneSpelling)
{
    struct Row {
        std::string_view path, spelling;
    };
    const Row rows[] = {
        {"/v1/x%3Adelete", "/v1/x:delete"},
        {"/users/%40me", "/users/@me"},
        {"/%61dmin", "/admin"},
        {"/a%c3%a4/b", "/a%C3%A4/b"},
        {"/a%20b%c3%A4%7e/", "/a%20b%C3%A4~/"},
        {"/%21%24%26%27%28%29%2A%2B%2C%3D", "/!$&'()*+,="},
    };
    for (const auto& row : rows) {
        const auto checked = check_canonical_path(row.path);
        ASSERT_FALSE(checked) << row.path;
        const auto& said = checked.error().public_message();
        EXPECT_TRUE(said.ends_with("; write \"" + std::string{row.spelling} + '"')) << said;
        EXPECT_TRUE(check_canonical_path(row.spelling)) << row.spelling;
    }
}

TEST(CanonicalPath, HasOneSpellingOfEachByte)
{
    constexpr std::string_view digits = "0123456789ABCDEFabcdef";
    for (int code = 0x20; code < 0x7f; ++code) {
        const char c = static_cast<char>(code);
        const std::string plain = std::string{"/a"} + c + 'b';
        int spellings = check_canonical_path(plain) ? 1 : 0;
        for (std::size_t high = 0; high < digits.size(); ++high) {
            for (std::size_t low = 0; low < digits.size(); ++low) {
                const auto value = (high < 16 ? high : high - 6) * 16 + (low < 16 ? low : low - 6);
                if (value != static_cast<std::size_t>(code)) continue;
                const std::string encoded{'%', digits[high], digits[low]};
                spellings += check_canonical_path("/a" + encoded + 'b') ? 1 : 0;
            }
        }
        EXPECT_LE(spellings, 1) << plain;
        // A slash divides; the others would be read in more than one way, in whatever spelling.
        const bool is_taken = std::string_view{";\\%"}.find(c) == std::string_view::npos;
        EXPECT_EQ(spellings == 1, is_taken) << plain;
    }
}

TEST(SlashSpellings, AreThePathWithAndWithoutOne)
{
    using Paths = std::vector<std::string>;
    EXPECT_EQ(slash_spellings("/admin"), Paths{"/admin/"});
    EXPECT_EQ(slash_spellings("/admin/"), Paths{"/admin"});
    EXPECT_EQ(slash_spellings("/"), Paths{});
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
}

TEST(ProbeCall, OnlyReadsWhatTheTargetTakes)
{
    struct Row {
        std::vector<std::string> methods, paths;
        std::string method, path;  // empty: nothing is sent
    };
    const Row rows[] = {
        {{}, {}, "GET", "/"},
        {{}, {"/api", "/status"}, "GET", "/api"},
        {{"POST", "GET", "HEAD"}, {"/api"}, "GET", "/api"},
        {{"HEAD", "POST"}, {"/api"}, "HEAD", "/api"},
        {{"POST"}, {"/run"}, "", ""},
    };
    for (const auto& row : rows) {
        HttpConnection connection;
        connection.methods = row.methods;
        connection.paths = row.paths;
        const auto call = probe_call(connection);
        ASSERT_EQ(call.has_value(), !row.method.empty()) << row.path;
        if (!call) continue;
        EXPECT_EQ(call->method, row.method);
        EXPECT_EQ(call->path, row.path);
    }
}

TEST(ApiRules, ReadOnlyEverywhereWhenNothingIsListed)
{
    const auto rules = ApiRules::create({}, {}, "");
    ASSERT_TRUE(rules);
    EXPECT_TRUE(rules->check(call_of("GET", "/anything/at/all")));
    EXPECT_TRUE(rules->check(call_of("HEAD", "/")));
    EXPECT_FALSE(rules->check(call_of("POST", "/")));
    EXPECT_FALSE(rules->check(call_of("GET", "/a/../b")));
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
