#include "gateway/core/regular_file.hpp"

#include "tests/support/descriptors_left.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace tailops {
namespace {

TEST(RegularFile, IsReadUpToTheBound)
{
    tailops::testing::TemporaryDirectory folder;
    folder.write("empty", "");
    folder.write("fits", std::string(1000, 'x'));
    folder.write("large", std::string(1001, 'x'));
    EXPECT_EQ(read_regular_file(folder.file("empty"), 1000), "");
    EXPECT_EQ(read_regular_file(folder.file("fits"), 1000), std::string(1000, 'x'));
    EXPECT_FALSE(read_regular_file(folder.file("large"), 1000));
    // Its size is said to be 0.
    const auto made_up = read_regular_file("/proc/self/status", 100'000);
    ASSERT_TRUE(made_up);
    EXPECT_TRUE(made_up->starts_with("Name:"));
}

TEST(RegularFile, IsNotReadWithoutADescriptorAndThatIsOurShortage)
{
    tailops::testing::TemporaryDirectory folder;
    folder.write("file", "text");
    const auto absent = read_regular_file(folder.file("absent"), 1000);
    EXPECT_EQ(absent.error().code(), Errc::invalid_argument);
    const tailops::testing::DescriptorsLeft none{0};
    const auto unread = read_regular_file(folder.file("file"), 1000);
    ASSERT_FALSE(unread);
    EXPECT_EQ(unread.error().code(), Errc::unavailable);
    EXPECT_EQ(unread.error().public_message(), "Too many open files");
}

TEST(RegularFile, IsNothingThatWaitsForSomebody)
{
    tailops::testing::TemporaryDirectory folder;
    ASSERT_EQ(::mkfifo(folder.file("fifo").c_str(), 0600), 0);
    for (const auto& [path, why] :
         {std::pair{folder.file("fifo"), "it is a FIFO, not a regular file"},
          {folder.path().string(), "it is a folder, not a regular file"},
          {std::string{"/dev/zero"}, "it is a device, not a regular file"},
          {folder.file("gone"), "No such file or directory"}}) {
        const auto read = read_regular_file(path, 1000);
        ASSERT_FALSE(read) << path;
        EXPECT_EQ(read.error().public_message(), why);
        const auto required = require_regular_file(path);
        ASSERT_FALSE(required) << path;
        EXPECT_EQ(required.error().public_message(), why);
    }
    folder.write("file", "x");
    EXPECT_TRUE(require_regular_file(folder.file("file")));
}

TEST(RegularFile, SaysHowLargeAFileMayBe)
{
    tailops::testing::TemporaryDirectory folder;
    folder.write("file", std::string(70'000, 'x'));
    const auto read = read_regular_file(folder.file("file"), 64 * 1024);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().public_message(), "it is larger than 64 KiB");
}

}  // namespace
}  // namespace tailops
