#include "gateway/core/json.hpp"
#include "gateway/tools/containers/container_json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools {
namespace {

using nlohmann::json;
using targets::EngineCall;
using ::testing::HasSubstr;

// As a Docker engine answers, cut down to what is read and some of what is not.
constexpr std::string_view list_answer = R"json([
 {"Id": "8dfafdbc3a40f0b0c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f708192", "Names": ["/web"],
  "Image": "nginx:1.27", "ImageID": "sha256:1", "Command": "nginx", "Created": 1763640000,
  "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"PrivatePort": 443, "Type": "tcp"}],
  "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "front"},
  "State": "running", "Status": "Up 2 hours (healthy)"
},
 {"Id": "9cd87474be90f0b0", "Names": ["/odd \"name\", [x]"], "Image": "busybox", "Created": 1763640000,
  "Ports": [], "Labels": {}, "State": "exited", "Status": "Exited (0) 3 days ago"}
])json";

targets::ExecutionResult answered(int status, std::string_view body)
{
    targets::ExecutionResult result;
    result.status = status;
    result.output = body;
    result.output_bytes = body.size();
    return result;
}

Plan plan_of(std::string_view tool, const json& arguments = json::object())
{
    auto plan = find(tool)->plan(arguments, {});
    if (!plan) throw std::runtime_error{plan.error().describe()};
    return *std::move(plan);
}

TEST(GetContainerList, AsksForAllAndShowsThem)
{
    const auto plan = plan_of("get_container_list");
    const auto& call = std::get<EngineCall>(plan.operation);
    EXPECT_EQ(call.method, "GET");
    EXPECT_EQ(call.path, "/containers/json");
    EXPECT_EQ(call.query.at(0).second, "1");
    const auto content = told(plan.present(answered(200, list_answer)));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_TRUE(validate_against(*parse_json(find("get_container_list")->output_schema), *content));
    EXPECT_EQ(content->at("count"), 2);
    EXPECT_FALSE(content->contains("truncated"));
    const auto& web = content->at("containers").at(0);
    EXPECT_EQ(web.at("id"), "8dfafdbc3a40");
    EXPECT_EQ(web.at("name"), "web");
    EXPECT_EQ(web.at("health"), "healthy");
    EXPECT_EQ(web.at("created"), "2025-11-20T12:00:00.000Z");
    EXPECT_EQ(web.at("ports"),
              json::array({"0.0.0.0:8080->80/tcp", "443/tcp", "[::]:8080->80/tcp"}));
    EXPECT_EQ(web.at("compose"), (json{{"project", "shop"}, {"service", "front"}}));
    EXPECT_FALSE(content->at("containers").at(1).contains("health"));
}

TEST(GetContainerList, AnAnswerThatWasCutShowsTheWholeContainersOfIt)
{
    const auto plan = plan_of("get_container_list");
    const auto second = list_answer.find("{\"Id\": \"9cd");
    for (auto size = list_answer.find('[') + 1; size < list_answer.size() - 1; ++size) {
        auto cut = answered(200, list_answer.substr(0, size));
        EXPECT_FALSE(told(plan.present(cut))) << "it is the engine that broke off";
        cut.truncated = true;
        const auto content = told(plan.present(cut));
        ASSERT_TRUE(content) << size;
        EXPECT_EQ(content->at("truncated"), true);
        EXPECT_LE(content->at("count").get<std::size_t>(), size < second ? 1U : 2U);
    }
}

TEST(GetContainerList, WhatIsNoListIsAnError)
{
    const auto plan = plan_of("get_container_list");
    for (const auto* body :
         {"", "{}", "null", "[{]", "[}", "[1,]]", "[1]", "[null]", "[\"", "[nonsense]", "[{}]",
          R"([{"Id": "9c", "Id": "9d"}])", R"([{"Id": "9c", "Created": 1e999}])",
          R"([{"Id": "9c", "Names": ["/\ud800"]}])"}) {
        const auto content = told(plan.present(answered(200, body)));
        ASSERT_FALSE(content) << body;
        EXPECT_EQ(content.error().code(), Errc::internal) << "not the caller's fault: " << body;
    }
    EXPECT_EQ(told(plan.present(answered(200, "[]")))->at("count"), 0);
    const auto refused = told(plan.present(answered(500, R"({"message": "server error"})")));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->at("success"), false);
    EXPECT_THAT(refused->at("error").get<std::string>(), HasSubstr("HTTP 500: server error"));
}

constexpr std::string_view inspect_answer = R"json({
 "Id": "8dfafdbc3a40f0b0c1d2", "Created": "2025-11-20T12:00:00Z", "Name": "/web", "RestartCount": 2,
 "State": {"Status": "running", "ExitCode": 0, "OOMKilled": false, "Health": {"Status": "healthy"},
           "StartedAt": "2025-11-20T12:00:00Z"},
 "Config": {"Image": "nginx:1.27", "User": "", "Env": ["PATH=/bin", "DB_PASSWORD=hunter2", "ODD"],
            "Cmd": ["serve", "--token", "hunter2", "--api-key=hunter2", "--port=80", "http://u:hunter2@db/x"],
            "Entrypoint": null, "Labels": {"auth.secret": "hunter2", "com.docker.compose.project": "shop"}},
 "HostConfig": {"NetworkMode": "shop_default", "Memory": 0, "Privileged": false, "RestartPolicy": {"Name": "always"}},
 "Mounts": [{"Type": "bind", "Source": "/srv", "Destination": "/data", "RW": true}],
 "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": null},
                     "Networks": {"shop_default": {"IPAddress": "172.18.0.2", "Gateway": "172.18.0.1"}}}})json";

TEST(InspectContainer, ShowsTheContainerAndNoSecretOfIt)
{
    const auto plan = plan_of("inspect_container", {{"name_or_id", "web"}});
    EXPECT_EQ(std::get<EngineCall>(plan.operation).path, "/containers/web/json");
    const auto content = told(plan.present(answered(200, inspect_answer)));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_TRUE(validate_against(*parse_json(find("inspect_container")->output_schema), *content));
    EXPECT_EQ(content->dump().find("hunter2"), std::string::npos) << *content;
    EXPECT_EQ(content->at("env"), json::array({"PATH", "DB_PASSWORD", "ODD"}));
    EXPECT_EQ(content->at("command"),
              json::array({"serve", "--token", "[redacted]", "--api-key=[redacted]", "--port=80",
                           "http://[redacted]@db/x"}));
    EXPECT_EQ(content->at("labels").at("com.docker.compose.project"), "shop");
    EXPECT_EQ(content->at("state").at("health"), "healthy");
    EXPECT_EQ(content->at("ports"), json::array({"0.0.0.0:8080->80/tcp", "443/tcp"}));
    EXPECT_EQ(content->at("networks").at(0).at("address"), "172.18.0.2");
    EXPECT_EQ(content->at("mounts").at(0).at("writable"), true);
}

TEST(InspectContainer, ToldOfNoneSaysSo)
{
    const auto plan = plan_of("inspect_container", {{"name_or_id", "web"}});
    const auto content =
        told(plan.present(answered(404, R"({"message": "No such container: web"})")));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->at("success"), false);
    EXPECT_EQ(content->at("error"), "no container \"web\" on this target");
    auto cut = answered(200, inspect_answer.substr(0, 200));
    cut.truncated = true;
    EXPECT_THAT(told(plan.present(cut)).error().public_message(), HasSubstr("output limit"));
}

TEST(InspectContainer, ToldOfSomethingElseBlamesTheEngine)
{
    const auto plan = plan_of("inspect_container", {{"name_or_id", "web"}});
    for (const auto* body : {"", "null", "[]", "{}", "nonsense", R"({"Id": 7})"}) {
        const auto content = told(plan.present(answered(200, body)));
        ASSERT_FALSE(content) << body;
        EXPECT_EQ(content.error().code(), Errc::internal) << body;
    }
}

TEST(GetContainerList, NamesAContainerThatOthersAreLinkedTo)
{
    const auto plan = plan_of("get_container_list");
    const auto content = told(plan.present(answered(
        200, R"([{"Id": "9cd87474be90", "Names": ["/app/cache", "/redis", "/web/db"]}])")));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->at("containers").at(0).at("name"), "redis");
}

TEST(GetContainerLogs, AsksForTheEndAndShowsBothStreamsAsOne)
{
    const auto plan =
        plan_of("get_container_logs",
                {{"name_or_id", "web"}, {"lines", 5}, {"since", "2026-01-01T00:00:00Z"}});
    const auto& call = std::get<EngineCall>(plan.operation);
    EXPECT_EQ(call.path, "/containers/web/logs");
    const std::vector<std::pair<std::string, std::string>> query{{"stdout", "1"},
                                                                 {"stderr", "1"},
                                                                 {"tail", "5"},
                                                                 {"timestamps", "0"},
                                                                 {"since", "1767225600"}};
    EXPECT_EQ(call.query, query);
    EXPECT_EQ(call.answer, EngineCall::Answer::log);
    EXPECT_EQ(plan.rest, Plan::Rest::kept);
    auto result = answered(200, "one\ntwo\n");
    result.output_lines = 2;
    const auto content = told(plan.present(result));
    ASSERT_TRUE(content);
    EXPECT_TRUE(validate_against(*parse_json(find("get_container_logs")->output_schema), *content));
    EXPECT_EQ(content->at("logs"), "one\ntwo\n");
    EXPECT_EQ(content->at("lines"), 2);
    EXPECT_EQ(told(plan.present(answered(404, "{}")))->at("error"),
              "no container \"web\" on this target");
    EXPECT_FALSE(
        find("get_container_logs")->plan({{"name_or_id", "web"}, {"since", "2026-99-01Tx"}}, {}));
}

TEST(ManageContainer, SaysWhatItDidAndWhetherThatChangedAnything)
{
    for (const auto& [action, done] : {std::pair{"start", "started"}, std::pair{"stop", "stopped"},
                                       std::pair{"restart", "restarted"}}) {
        const auto plan = plan_of("manage_container", {{"action", action}, {"name_or_id", "web"}});
        EXPECT_EQ(plan.right, (Right{{"container", "write"}, Tier::control}));
        const auto& call = std::get<EngineCall>(plan.operation);
        EXPECT_EQ(call.method, "POST");
        EXPECT_EQ(call.path, std::string{"/containers/web/"} + action);
        EXPECT_EQ(call.query.empty(), std::string_view{action} == "start");
        EXPECT_EQ(std::get<std::string>(plan.parameters.at("action")), action);
        const auto changed = told(plan.present(answered(204, "")));
        EXPECT_EQ(changed->at("action"), done);
        EXPECT_EQ(changed->at("changed"), true);
        EXPECT_EQ(told(plan.present(answered(304, "")))->at("changed"), false);
        EXPECT_EQ(told(plan.present(answered(304, "")))->at("success"), true);
        EXPECT_EQ(told(plan.present(answered(404, "")))->at("error"),
                  "no container \"web\" on this target");
        EXPECT_EQ(told(plan.present(answered(409, R"({"message": "is paused"})")))->at("success"),
                  false);
    }
}

TEST(ContainerNames, ThatWouldLeadElsewhereAreRefused)
{
    const auto* tool = find("inspect_container");
    for (const auto* name : {"web", "web-1", "web_1.x", "8dfafdbc3a40", "A"}) {
        EXPECT_TRUE(validate_arguments(*tool, {{"target", "t"}, {"name_or_id", name}})) << name;
    }
    for (const auto* name :
         {"", "-web", ".", "..", "a/b", "a?x=1", "a#b", "a%2fb", "a b", "a\nb", "web\n", "ä"}) {
        EXPECT_FALSE(validate_arguments(*tool, {{"target", "t"}, {"name_or_id", name}})) << name;
    }
}

TEST(RedactWord, KeepsWhatIsNoSecret)
{
    using containers::redact_word;
    EXPECT_EQ(redact_word("--port=80"), "--port=80");
    EXPECT_EQ(redact_word("a@b"), "a@b");
    EXPECT_EQ(redact_word("http://host/p@th"), "http://host/p@th");
    EXPECT_EQ(redact_word("ACCESS_TOKEN=x"), "ACCESS_TOKEN=[redacted]");
    EXPECT_TRUE(containers::names_a_secret("Db-PassWord"));
    EXPECT_FALSE(containers::names_a_secret("keyboard"));
}

}  // namespace
}  // namespace tailops::tools
