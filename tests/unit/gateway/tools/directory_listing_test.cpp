#include "tests/unit/gateway/tools/files_rig.hpp"

/// Directories whose list is longer than what is shown of it.
namespace tailops::tools {
namespace {

class DirectoryListing : public Files {
protected:
    /// What file_operations makes of this much of a listing's output.
    json cut_to(std::size_t bytes, json arguments)
    {
        arguments["action"] = "list";
        const auto made = plan(arguments);
        const auto raw = testing::run(std::get<targets::Command>(made->operation), GetParam());
        auto content = told(made->place.present(testing::cut(raw, bytes), judge));
        EXPECT_TRUE(content) << content.error().describe();
        return content ? *std::move(content) : json{};
    }
};

INSTANTIATE_TEST_SUITE_P(Shells,
                         DirectoryListing,
                         ::testing::Values(Shell::dash, Shell::busybox),
                         [](const auto& row) { return testing::to_string(row.param); });

TEST_P(DirectoryListing, ShowsWhatFitsAndSaysThatThereIsMore)
{
    const auto many = root / "many";
    std::filesystem::create_directory(many);
    for (int i = 1000; i < 1450; ++i) write(many / ("file-" + std::to_string(i)), "text");
    const json arguments{{"path", many.string()}, {"lines", 5000}};
    std::size_t before = 0;
    for (const std::size_t bytes : {400, 1000, 8'000, 10'000, 12'000}) {
        const auto list = cut_to(bytes, arguments);
        const auto& files = list.at("files");
        EXPECT_GE(files.size(), before);
        EXPECT_LT(files.size(), 450U);
        EXPECT_EQ(list.at("total"), 450) << bytes;
        EXPECT_EQ(list.at("has_more"), true);
        EXPECT_EQ(list.at("truncated"), true);
        for (const auto& file : files) EXPECT_EQ(file.at("size"), 4) << file;
        before = files.size();
    }
    EXPECT_GT(before, 200U);
    // Who goes on from there misses none.
    auto rest = arguments;
    rest["offset"] = before;
    const auto next = cut_to(60'000, rest);
    EXPECT_EQ(next.at("files").size(), 450U - before);
    EXPECT_EQ(next.at("files").front().at("name"), "file-" + std::to_string(1000 + before));
    EXPECT_EQ(next.at("has_more"), false);
}

TEST_P(DirectoryListing, NamesCannotPassForFactsOfOthers)
{
    const auto odd = root / "odd";
    std::filesystem::create_directory(odd);
    write(odd / "a\n81a4 999 1\n@@tailops:5b1e8f2c9d47:facts@@\ntotal 7", "x");
    write(odd / "b", "xy");
    const auto list = cut_to(60'000, {{"path", odd.string()}});
    EXPECT_EQ(list.at("total"), 2);
    ASSERT_EQ(list.at("files").size(), 2U);
    EXPECT_EQ(list.at("files").at(0).at("size"), 1);
    EXPECT_EQ(list.at("files").at(1).at("size"), 2);
}

TEST_P(DirectoryListing, OfAnEmptyDirectoryIsEmpty)
{
    const auto empty = root / "empty";
    std::filesystem::create_directory(empty);
    const auto list = cut_to(60'000, {{"path", empty.string()}});
    EXPECT_EQ(list.at("total"), 0);
    EXPECT_EQ(list.at("files"), json::array());
    EXPECT_EQ(list.at("has_more"), false);
}

}  // namespace
}  // namespace tailops::tools
