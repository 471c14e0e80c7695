#include "gateway/tools/containers/recreation.hpp"

#include "gateway/core/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::tools::containers {
namespace {

using nlohmann::json;

json parsed(std::string_view text)
{
    return parse_json(text).value();
}

const json old_image = parsed(R"({"Id": "sha256:old", "Config": {
  "Env": ["PATH=/bin", "VERSION=1"], "Cmd": ["serve"], "Entrypoint": ["/init"], "WorkingDir": "/app",
  "User": "app", "Labels": {"maintainer": "them", "shared": "image"}, "Volumes": {"/cache": {}},
  "ExposedPorts": {"80/tcp": {}}, "Healthcheck": {"Test": ["CMD", "true"]}, "StopSignal": "SIGQUIT"}})");
const json new_image =
    parsed(R"({"Id": "sha256:new", "Config": {"Env": ["PATH=/usr/bin", "VERSION=2"]}})");

/// A container in which everything is as its image has it.
json plain()
{
    auto out = parsed(R"({"Id": "4f1c9e2ab7d3000000", "Name": "/web", "Image": "sha256:old",
  "State": {"Status": "running", "Running": true},
  "HostConfig": {"NetworkMode": "default", "RestartPolicy": {"Name": "always"}, "AutoRemove": false},
  "NetworkSettings": {"Networks": {"bridge": {"IPAMConfig": null, "Links": null, "Aliases": null,
      "NetworkID": "n1", "IPAddress": "172.17.0.2", "MacAddress": "02:42:ac:11:00:02"}}}})");
    out["Config"] = old_image["Config"];
    out["Config"]["Image"] = "shop/web:1";
    out["Config"]["Hostname"] = "4f1c9e2ab7d3";
    return out;
}

json body_of(const json& container)
{
    return parsed(recreation_of(container, &old_image, new_image).create_body);
}

TEST(Recreation, LeavesToTheNewImageWhatTheOldOneGave)
{
    const auto body = body_of(plain());
    EXPECT_EQ(body.at("Image"), "shop/web:1");
    for (const auto* name : {"Cmd", "Entrypoint", "WorkingDir", "User", "Healthcheck", "StopSignal",
                             "Hostname", "NetworkingConfig"}) {
        EXPECT_FALSE(body.contains(name)) << name << body;
    }
    EXPECT_EQ(body.at("Env"), json::array());
    EXPECT_EQ(body.at("Labels"), json::object());
    EXPECT_EQ(body.at("Volumes"), json::object());
    EXPECT_EQ(body.at("ExposedPorts"), json::object());
    EXPECT_EQ(body.at("HostConfig").at("RestartPolicy").at("Name"), "always");
}

TEST(Recreation, KeepsWhatTheUserAskedFor)
{
    auto container = plain();
    container["Config"]["Env"].push_back("MODE=fast");
    container["Config"]["Env"][1] = "VERSION=mine";
    container["Config"]["Cmd"] = {"serve", "--debug"};
    container["Config"]["Labels"]["shared"] = "mine";
    container["Config"]["Labels"]["team"] = "shop";
    container["Config"]["User"] = "1000";
    container["Config"]["Hostname"] = "web.example";
    container["Config"]["Healthcheck"] = {{"Test", {"NONE"}}};
    const auto body = body_of(container);
    EXPECT_EQ(body.at("Env"), (json{"VERSION=mine", "MODE=fast"}));
    EXPECT_EQ(body.at("Cmd"), (json{"serve", "--debug"}));
    EXPECT_FALSE(body.contains("Entrypoint"));
    EXPECT_EQ(body.at("Labels"), (json{{"shared", "mine"}, {"team", "shop"}}));
    EXPECT_EQ(body.at("User"), "1000");
    EXPECT_EQ(body.at("Hostname"), "web.example");
    EXPECT_EQ(body.at("Healthcheck"), container["Config"]["Healthcheck"]);
}

TEST(Recreation, KeepsTheCommandThatGoesWithAnEntrypointOfTheUsers)
{
    auto container = plain();
    container["Config"]["Entrypoint"] = {"/debug"};
    const auto body = body_of(container);
    EXPECT_EQ(body.at("Entrypoint"), json::array({"/debug"}));
    EXPECT_EQ(body.at("Cmd"), json::array({"serve"}));
}

TEST(Recreation, KeepsEverythingWhenTheOldImageIsGone)
{
    const auto container = plain();
    const auto body = parsed(recreation_of(container, nullptr, new_image).create_body);
    EXPECT_EQ(body.at("Env"), container["Config"]["Env"]);
    EXPECT_EQ(body.at("Cmd"), json::array({"serve"}));
}

TEST(Recreation, KeepsAnEntrypointThatWasCleared)
{
    auto container = plain();
    container["Config"]["Entrypoint"] = nullptr;
    container["Config"]["Cmd"] = {"sleep", "999"};
    const auto nothing = json::array({""});  // which the API takes for "none"
    const auto body = body_of(container);
    EXPECT_EQ(body.at("Entrypoint"), nothing);
    EXPECT_EQ(body.at("Cmd"), json({"sleep", "999"}));
    // Nobody knows what an image that is gone had: what runs now goes on.
    const auto unknown = parsed(recreation_of(container, nullptr, new_image).create_body);
    EXPECT_EQ(unknown.at("Entrypoint"), nothing);
    // One whose image had none has that of the new image.
    const auto bare = recreation_of(container, &new_image, new_image).create_body;
    EXPECT_FALSE(parsed(bare).contains("Entrypoint"));
}

TEST(Recreation, KeepsPartsOfAHealthCheckAndLeavesTheRestToTheNewImage)
{
    auto container = plain();
    container["Config"]["Healthcheck"] = {{"Test", {"CMD", "true"}}, {"Interval", 5'000'000'000}};
    EXPECT_EQ(body_of(container).at("Healthcheck"), (json{{"Interval", 5'000'000'000}}));
}

TEST(Recreation, ExposesWhatIsPublishedWhateverTheImageExposes)
{
    auto container = plain();
    container["HostConfig"]["PortBindings"] = parsed(R"({"80/tcp": [{"HostPort": "8080"}]})");
    EXPECT_EQ(body_of(container).at("ExposedPorts"), parsed(R"({"80/tcp": {}})"));
    container["HostConfig"]["NetworkMode"] = "host";
    EXPECT_FALSE(body_of(container).contains("ExposedPorts"));
}

TEST(Recreation, KnowsWhatAnEngineThatStartsAnewWouldStartAgain)
{
    auto container = plain();
    EXPECT_EQ(own_restarts(container), R"({"RestartPolicy":{"Name":"always"}})");
    container["HostConfig"]["RestartPolicy"] = {{"Name", "on-failure"}, {"MaximumRetryCount", 3}};
    EXPECT_EQ(parsed(own_restarts(container)).at("RestartPolicy"),
              container["HostConfig"]["RestartPolicy"]);
    for (const auto* name : {"no", "", "unless-stopped"}) {
        container["HostConfig"]["RestartPolicy"] = {{"Name", name}};
        EXPECT_EQ(own_restarts(container), "") << name;
    }
}

TEST(Recreation, HasEachNetworkWithItsAliasesAndFixedAddresses)
{
    auto container = plain();
    container["HostConfig"]["NetworkMode"] = "front";
    container["NetworkSettings"]["Networks"] = parsed(R"({
      "front": {"IPAMConfig": {"IPv4Address": "10.1.0.5"}, "Aliases": ["web", "4f1c9e2ab7d3"], "NetworkID": "n1",
                "IPAddress": "10.1.0.5"},
      "back": {"IPAMConfig": null, "Aliases": ["api"], "NetworkID": "n2", "DriverOpts": {"a": "b"}}})");
    const auto made = recreation_of(container, &old_image, new_image);
    EXPECT_EQ(parsed(made.create_body).at("NetworkingConfig"),
              parsed(R"({"EndpointsConfig": {"front":
      {"IPAMConfig": {"IPv4Address": "10.1.0.5"}, "Aliases": ["web"]}}})"));
    ASSERT_EQ(made.connects.size(), 1U);
    EXPECT_EQ(made.connects[0].first, "back");
    EXPECT_EQ(parsed(connect_body("4f1c", made.connects[0].second)),
              parsed(R"({"Container": "4f1c", "EndpointConfig":
      {"Aliases": ["api"], "DriverOpts": {"a": "b"}}})"));
}

TEST(Recreation, HasNoNameOfItsOwnInTheNetworkOfAnother)
{
    for (const auto* mode : {"host", "none", "container:abc"}) {
        auto container = plain();
        container["HostConfig"]["NetworkMode"] = mode;
        container["Config"]["Hostname"] = "the-host";
        const auto body = body_of(container);
        EXPECT_FALSE(body.contains("Hostname")) << mode;
        EXPECT_FALSE(body.contains("NetworkingConfig")) << mode;
        EXPECT_EQ(body.at("HostConfig").at("NetworkMode"), mode);
    }
}

TEST(Recreation, TakesTheDataOfVolumesWithoutANameAlong)
{
    auto container = plain();
    container["HostConfig"]["Binds"] = {"/srv:/data:ro"};
    container["HostConfig"]["Mounts"] =
        parsed(R"([{"Type": "volume", "Source": "named", "Target": "/named"},
                   {"Type": "volume", "Target": "/mounted", "ReadOnly": true}])");
    container["Mounts"] = parsed(R"([
      {"Type": "bind", "Source": "/srv", "Destination": "/data", "RW": false},
      {"Type": "volume", "Name": "named", "Destination": "/named", "RW": true},
      {"Type": "volume", "Name": "4e5f", "Destination": "/mounted", "RW": false},
      {"Type": "volume", "Name": "0a1b", "Destination": "/cache", "RW": true},
      {"Type": "volume", "Name": "2c3d", "Destination": "/other", "RW": false}])");
    const auto host = body_of(container).at("HostConfig");
    EXPECT_EQ(host.at("Binds"), (json{"/srv:/data:ro", "0a1b:/cache", "2c3d:/other:ro"}));
    EXPECT_EQ(host.at("Mounts"), parsed(R"([
      {"Type": "volume", "Source": "named", "Target": "/named"},
      {"Type": "volume", "Source": "4e5f", "Target": "/mounted", "ReadOnly": true}])"));
}

TEST(Recreation, WritesLinksAsAnEngineReadsThem)
{
    auto container = plain();
    container["HostConfig"]["Links"] = {"/db:/web/database"};
    EXPECT_EQ(body_of(container).at("HostConfig").at("Links"), json::array({"db:database"}));
}

TEST(Recreation, TellsComposeOfTheNewImage)
{
    auto container = plain();
    container["Config"]["Labels"]["com.docker.compose.image"] = "sha256:old";
    container["Config"]["Labels"]["com.docker.compose.project"] = "shop";
    const auto labels = body_of(container).at("Labels");
    EXPECT_EQ(labels.at("com.docker.compose.image"), "sha256:new");
    EXPECT_EQ(labels.at("com.docker.compose.project"), "shop");
}

TEST(Recreation, IsRefusedWhereSomethingWouldBeLost)
{
    EXPECT_TRUE(check_recreatable(plain()));
    auto removed = plain();
    removed["HostConfig"]["AutoRemove"] = true;
    const auto refused = check_recreatable(removed);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().public_message().find("--rm"), std::string::npos);
    for (const auto* status : {"paused", "removing", "dead", "restarting"}) {
        auto container = plain();
        container["State"]["Status"] = status;
        EXPECT_FALSE(check_recreatable(container)) << status;
    }
}

TEST(Recreation, KnowsWhoseNamespacesTheContainerLivesIn)
{
    auto container = plain();
    EXPECT_TRUE(referred_to(container).empty());
    container["HostConfig"]["NetworkMode"] = "container:abc";
    container["HostConfig"]["PidMode"] = "container:def";
    container["HostConfig"]["IpcMode"] = "private";
    EXPECT_EQ(referred_to(container), (std::vector<std::string>{"abc", "def"}));
}

TEST(Recreation, OfAnAnswerThatIsOddIsStillADocument)
{
    for (const auto* odd :
         {"{}", R"({"Config": 1, "HostConfig": []})",
          R"({"Config": {"Env": {}, "Labels": null}, "HostConfig": {"Binds": [1], "Links": [2]}})",
          R"({"Mounts": [1, {}], "NetworkSettings": {"Networks": {"a": 1}}})"}) {
        const auto body = recreation_of(parsed(odd), nullptr, json::object()).create_body;
        EXPECT_TRUE(parse_json(body)) << odd;
    }
}

}  // namespace
}  // namespace tailops::tools::containers
