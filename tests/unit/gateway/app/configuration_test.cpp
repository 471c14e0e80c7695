#include "gateway/app/configuration.hpp"

#include "gateway/app/own_credential.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace tailops::app {
namespace {

std::optional<std::string> no_variable(const std::string&)
{
    return std::nullopt;
}

constexpr auto targets_text = R"(version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read", "monitoring:read"]
)";
constexpr auto policy_text = R"(version: 1
rules:
  - {id: look, effect: allow, targets: {ids: [local]}}
)";

/// The configuration files of one test, and what reading them says.
class ConfigurationFiles : public ::testing::Test {
protected:
    void SetUp() override
    {
        folder.write("gateway.yaml", "version: 1\n");
        folder.write("targets.yaml", targets_text);
        folder.write("policy.yaml", policy_text);
    }

    yaml::Problems problems() const
    {
        yaml::Problems out;
        load_configuration(folder.file("gateway.yaml"), no_variable, out);
        return out;
    }

    tailops::testing::TemporaryDirectory folder;
};

TEST_F(ConfigurationFiles, AreSound)
{
    EXPECT_EQ(problems().render(), "");
}

TEST_F(ConfigurationFiles, AreNotForEverybodyToChange)
{
    for (const auto* name : {"policy.yaml", "targets.yaml", "gateway.yaml"}) {
        const auto mode = [&](mode_t bits) {
            ASSERT_EQ(::chmod(folder.file(name).c_str(), bits), 0);
        };
        mode(0646);
        EXPECT_EQ(problems().render(),
                  folder.file(name) +
                      ": every user of this machine may change it; set its mode to 0640\n");
        mode(0664);
        EXPECT_EQ(problems().render(), "");
    }
}

TEST_F(ConfigurationFiles, NameNoCredentialThatOthersMayReadOrChange)
{
    folder.write("secret", "0123456789abcdef0123456789abcdef");
    folder.write("gateway.yaml",
                 "version: 1\naudit: {key: \"file:" + folder.file("secret") + "\"}\n");
    folder.write("targets.yaml",
                 std::string{targets_text} +
                     "  far:\n    type: ssh\n    connection: {host: h, username: u, key: \"file:" +
                     folder.file("secret") + "\"}\n    capabilities: [\"system:read\"]\n");
    for (const mode_t bits : {0666, 0644}) {
        ASSERT_EQ(::chmod(folder.file("secret").c_str(), bits), 0);
        const auto text = problems().render();
        EXPECT_NE(text.find("audit.key: \"file:"), std::string::npos) << text;
        EXPECT_NE(text.find("target \"far\": key: "), std::string::npos) << text;
        EXPECT_NE(text.find("by others; set its file's mode to 0600"), std::string::npos) << text;
    }
    ASSERT_EQ(::chmod(folder.file("secret").c_str(), 0600), 0);
    EXPECT_EQ(problems().render(), "");
}

// What a missing file would have said is not known: nothing else is wrong for the want of it.
TEST_F(ConfigurationFiles, AreMissedOnce)
{
    for (const auto* name : {"policy.yaml", "targets.yaml", "gateway.yaml"}) {
        SetUp();
        std::filesystem::remove(folder.file(name));
        EXPECT_EQ(problems().render(),
                  folder.file(name) + ": cannot be read: No such file or directory\n");
    }
    SetUp();
    folder.write("gateway.yaml", "version: 1\ncommands: other.yaml\n");
    EXPECT_EQ(problems().render(),
              folder.file("other.yaml") + ": cannot be read: No such file or directory\n");
}

TEST_F(ConfigurationFiles, AreEmptyOrFoldersAndSaidToBe)
{
    folder.write("policy.yaml", "");
    EXPECT_EQ(problems().render(), folder.file("policy.yaml") + ":1:1: the policy is empty\n");
    std::filesystem::remove(folder.file("policy.yaml"));
    std::filesystem::create_directory(folder.file("policy.yaml"));
    EXPECT_EQ(problems().render(), folder.file("policy.yaml") +
                                       ": cannot be read: it is a folder, not a regular file\n");
}

// Opening a FIFO would wait for somebody who writes to it, and a reload with it.
TEST_F(ConfigurationFiles, AreRegularFiles)
{
    for (const auto* name : {"policy.yaml", "targets.yaml", "gateway.yaml"}) {
        SetUp();
        std::filesystem::remove(folder.file(name));
        ASSERT_EQ(::mkfifo(folder.file(name).c_str(), 0600), 0);
        EXPECT_EQ(problems().render(),
                  folder.file(name) + ": cannot be read: it is a FIFO, not a regular file\n");
        std::filesystem::remove(folder.file(name));
    }
    SetUp();
    std::filesystem::remove(folder.file("policy.yaml"));
    std::filesystem::create_symlink("/dev/zero", folder.file("policy.yaml"));
    EXPECT_EQ(problems().render(), folder.file("policy.yaml") +
                                       ": cannot be read: it is a device, not a regular file\n");
    std::filesystem::remove(folder.file("policy.yaml"));
    folder.write("policy.yaml", "version: 1\n");
    std::filesystem::resize_file(folder.file("policy.yaml"), std::uintmax_t{1} << 40);
    EXPECT_EQ(problems().render(),
              folder.file("policy.yaml") + ": cannot be read: it is larger than 16 MiB\n");
}

TEST_F(ConfigurationFiles, NoteAnUnusedCapabilityWhereItStands)
{
    const auto found = problems();
    ASSERT_EQ(found.notices().size(), 1U);
    EXPECT_EQ(
        yaml::Problems::render(found.notices().front()),
        folder.file("targets.yaml") +
            ":5:35: target \"local\" offers \"monitoring:read\", which no tool of this version "
            "uses");
}

TEST(OwnCredential, NamesTheSettingAndTheRemedy)
{
    using Source = targets::CredentialReference::Source;
    const auto key = own_credential("audit.key", {Source::file, "/nonexistent/key"}, no_variable);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().public_message(),
              "audit.key: the credential \"file:/nonexistent/key\" cannot be read or is empty; put "
              "it there (`openssl rand -hex 32` makes one), or change audit.key in gateway.yaml");
    const auto secret =
        own_credential("auth.oidc.client_secret", {Source::environment, "NOBODY"}, no_variable);
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().public_message(),
              "auth.oidc.client_secret: the environment variable \"NOBODY\" is not set; put it "
              "there, or change auth.oidc.client_secret in gateway.yaml");
    const auto there = [](const std::string&) { return std::optional<std::string>{"x"}; };
    EXPECT_TRUE(own_credential("audit.key", {Source::environment, "SOMEBODY"}, there));
}

}  // namespace
}  // namespace tailops::app
