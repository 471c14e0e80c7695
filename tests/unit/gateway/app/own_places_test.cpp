#include "gateway/app/own_places.hpp"

#include "gateway/app/configured_secrets.hpp"
#include "gateway/app/secret_files.hpp"
#include "gateway/app/world_secrets.hpp"
#include "gateway/core/secret_scan.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace tailops::app {
namespace {

namespace fs = std::filesystem;
using targets::CredentialReference;

CredentialReference file(const std::string& path)
{
    return {CredentialReference::Source::file, path};
}

std::optional<std::string> no_variable(const std::string&)
{
    return std::nullopt;
}

class OwnPlacesTest : public ::testing::Test {
protected:
    OwnPlacesTest()
    {
        fs::create_directory(path("state"));
        fs::create_directory(path("secrets"));
    }
    std::string path(const std::string& name) const { return folder_.file(name); }
    void write(const std::string& name,
               const std::string& text = "s3cret-of-32-bytes-and-some-more!")
    {
        std::ofstream{path(name)} << text;
        ASSERT_EQ(::chmod(path(name).c_str(), 0600), 0);
    }
    static std::string identity(const std::string& name)
    {
        struct stat info{};
        EXPECT_EQ(::stat(name.c_str(), &info), 0) << name;
        return std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
    }
    std::shared_ptr<const tools::OwnPlaces> places() const
    {
        return own_places(configuration_, StatePaths{path("state")}, no_variable);
    }

    testing::TemporaryDirectory folder_;
    Configuration configuration_;
};

TEST_F(OwnPlacesTest, AreWhereASecretIsNowAndWhereItWas)
{
    // As Kubernetes mounts secrets: a link to a folder that is exchanged as a whole.
    for (const auto* version : {"secrets/v1", "secrets/v2", "secrets/other"}) {
        fs::create_directory(path(version));
        write(std::string{version} + "/token");
    }
    fs::create_symlink("v1", path("secrets/data"));
    fs::create_symlink("data/token", path("secrets/token"));
    configuration_.settings.mcp.state_key = file(path("secrets/token"));
    const auto own = places();
    EXPECT_TRUE(own->hold(path("secrets/v1/token"), {}));
    EXPECT_FALSE(own->hold(path("secrets/v2/token"), {}));

    fs::create_symlink("v2", path("secrets/next"));
    fs::rename(path("secrets/next"), path("secrets/data"));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!own->hold(path("secrets/v2/token"), {}) && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_TRUE(own->hold(path("secrets/v2/token"), {}));
    EXPECT_TRUE(own->hold(path("secrets/v1/token"), {})) << "it may be in use still";
    EXPECT_FALSE(own->hold(path("secrets/other/token"), {}));
}

TEST_F(OwnPlacesTest, AreKnownByAnotherNameAfterASecretWasRenewed)
{
    write("secrets/key", "one");
    configuration_.settings.audit.key = file(path("secrets/key"));
    const auto own = places();
    write("secrets/new", "two");
    fs::rename(path("secrets/new"), path("secrets/key"));
    fs::create_hard_link(path("secrets/key"), path("linked"));
    write("unrelated");
    const auto is_closed = [&](const std::string& name) {
        const auto what = identity(path(name));
        return own->hold(path(name), {what});
    };
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!is_closed("linked") && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_TRUE(is_closed("linked"));
    EXPECT_FALSE(is_closed("unrelated"));
}

TEST_F(OwnPlacesTest, AreTheStateAndAllThatLiesInIt)
{
    write("state/tailops.db");
    const auto own = places();
    EXPECT_TRUE(own->hold(path("state/tailops.db"), {}));
    EXPECT_TRUE(own->hold(path("state/made-later"), {}));
    const auto what = identity(path("state/tailops.db"));
    EXPECT_TRUE(own->hold("/elsewhere", {what}));
    EXPECT_FALSE(own->hold(path("stated"), {}));
}

/// A configuration with a secret wherever one can be.
Configuration with_all_secrets(const std::string& folder)
{
    Configuration out;
    auto& settings = out.settings;
    settings.audit.key = file(folder + "/audit.key");
    settings.auth.oidc.client_secret = file(folder + "/auth.oidc.client_secret");
    settings.auth.hmac_shared_secret = file(folder + "/auth.hmac_shared_secret");
    settings.mcp.state_key = file(folder + "/mcp.state_key");
    settings.mcp.previous_state_key = file(folder + "/mcp.previous_state_key");
    settings.tls_key = folder + "/tls.key";
    targets::TargetSpec ssh, http, docker;
    ssh.facts.id = TargetId{"s"};
    targets::SshConnection login;
    login.key_path = folder + "/key_path";
    login.key = file(folder + "/key");
    login.passphrase = file(folder + "/passphrase");
    ssh.connection = std::move(login);
    http.facts.id = TargetId{"h"};
    targets::HttpConnection api;
    api.credential = file(folder + "/credential");
    http.connection = std::move(api);
    docker.facts.id = TargetId{"d"};
    targets::DockerConnection engine;
    engine.cert_path = folder;  // key.pem
    docker.connection = std::move(engine);
    out.targets.targets = {ssh, http, docker};
    return out;
}

TEST_F(OwnPlacesTest, AndTheSecretsThatNoAnswerHoldsAreThoseOfTheWholeConfiguration)
{
    configuration_ = with_all_secrets(path("secrets"));
    const auto all = configured_secrets(configuration_);
    ASSERT_EQ(all.size(), 11U);
    for (const auto& one : all) {
        const auto name = "secrets/" + fs::path{one.reference.name}.filename().string();
        write(name, "value-of-" + name);
        ASSERT_EQ(::chmod(path(name).c_str(), 0644), 0);
    }
    yaml::Problems problems;
    check_secret_files(configuration_, no_variable, problems);
    EXPECT_EQ(problems.all().size(), all.size()) << problems.render();

    call::World world;
    const auto known = std::make_shared<SecretRegistry>();
    for (const auto& one : all) ASSERT_EQ(::chmod(one.reference.name.c_str(), 0600), 0);
    guard(world, known, configuration_, StatePaths{path("state")}, no_variable);
    for (const auto& one : all) {
        EXPECT_TRUE(world.own_places->hold(one.reference.name, {})) << one.said;
        const auto text = "value-of-secrets/" + fs::path{one.reference.name}.filename().string();
        nlohmann::json answer{{"text", text}};
        std::set<std::string> kinds;
        redact_secrets(answer, *known->known(), kinds);
        EXPECT_NE(answer.at("text"), text) << one.said;
    }
}

}  // namespace
}  // namespace tailops::app
