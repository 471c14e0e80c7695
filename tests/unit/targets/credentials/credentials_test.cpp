#include "targets/credentials/credentials.hpp"

#include "tests/support/descriptors_left.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tailops::targets {
namespace {

class CredentialFiles : public ::testing::Test {
protected:
    void SetUp() override
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "tailops-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    void write(const std::string& name, const std::string& text) const
    {
        std::ofstream{directory_ / name} << text;
        ASSERT_EQ(::chmod((directory_ / name).c_str(), 0600), 0);
    }
    Result<Secret> get(const std::string& reference) const
    {
        const auto parsed = parse_credential_reference(reference);
        if (!parsed) return fail(parsed.error());
        return resolve(*parsed, [this](const std::string& name) -> std::optional<std::string> {
            if (name == "TOKEN") return "t0ken";
            if (name == "EMPTY") return "";
            if (name == "CREDENTIALS_DIRECTORY") return directory_.string();
            return std::nullopt;
        });
    }
    std::filesystem::path directory_;
};

TEST_F(CredentialFiles, AreReadFromWhereTheReferencePoints)
{
    write("key", "s3cret\n");
    EXPECT_EQ(get("env:TOKEN")->reveal(), "t0ken");
    EXPECT_EQ(get("${TOKEN}")->reveal(), "t0ken");
    EXPECT_EQ(get("file:" + (directory_ / "key").string())->reveal(), "s3cret");
    EXPECT_EQ(get("systemd:key")->reveal(), "s3cret");
}

TEST_F(CredentialFiles, AreReadAnewEachTime)
{
    write("key", "old");
    EXPECT_EQ(get("systemd:key")->reveal(), "old");
    write("key", "new");
    EXPECT_EQ(get("systemd:key")->reveal(), "new");
}

TEST_F(CredentialFiles, AreRefusedWhenOthersMayReadOrChangeThem)
{
    write("key", "s3cret");
    const auto reference = "file:" + (directory_ / "key").string();
    for (const auto mode : {0644, 0666, 0602, 0604}) {
        ASSERT_EQ(::chmod((directory_ / "key").c_str(), static_cast<mode_t>(mode)), 0);
        const auto secret = get(reference);
        ASSERT_FALSE(secret) << mode;
        EXPECT_NE(secret.error().public_message().find("by others; set its file's mode to 0600"),
                  std::string::npos);
        EXPECT_FALSE(get("systemd:key")) << mode;
    }
    for (const auto mode : {0600, 0400, 0640, 0440}) {
        ASSERT_EQ(::chmod((directory_ / "key").c_str(), static_cast<mode_t>(mode)), 0);
        EXPECT_TRUE(get(reference)) << mode;
    }
}

TEST_F(CredentialFiles, AreRefusedWhenTheyAreNotThere)
{
    write("empty", "");
    write("huge", std::string(70'000, 'x'));
    for (const std::string bad : {"env:NOPE", "env:EMPTY", "systemd:gone", "systemd:empty",
                                  "systemd:huge", "file:/nonexistent"}) {
        EXPECT_FALSE(get(bad)) << bad;
    }
}

// They are read on a thread that serves others too: one that waits for a writer would stop them.
TEST_F(CredentialFiles, AreRegularFiles)
{
    ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
    std::filesystem::create_symlink("/dev/zero", directory_ / "endless");
    for (const std::string bad : {"systemd:pipe", "systemd:endless"}) {
        const auto got = get(bad);
        ASSERT_FALSE(got) << bad;
        EXPECT_NE(got.error().detail().find("not a regular file"), std::string::npos) << bad;
    }
    write("key", "s3cret\n");
    std::filesystem::create_symlink("key", directory_ / "link");
    EXPECT_EQ(get("systemd:link")->reveal(), "s3cret");
}

TEST_F(CredentialFiles, AreNotBlamedForOurShortage)
{
    write("key", "s3cret\n");
    const tailops::testing::DescriptorsLeft none{0};
    const auto got = get("systemd:key");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::unavailable);
    EXPECT_EQ(got.error().public_message(),
              "the gateway cannot read a credential now (too many open files); nothing was sent, "
              "try again shortly");
}

TEST(CredentialReference, IsNeverTheSecretItself)
{
    for (const auto* bad : {"hunter2", "env:", "file:relative", "systemd:../shadow", "${}", ""}) {
        const auto parsed = parse_credential_reference(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().public_message().find("hunter2"), std::string::npos);
    }
}

}  // namespace
}  // namespace tailops::targets
