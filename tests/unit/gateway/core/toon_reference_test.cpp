// TOON against what others publish: the fixtures of the specification (npm @toon-format/spec) and
// the official implementation (npm @toon-format/toon). `make npm-toon` installs both; without them
// this fails.

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "tests/support/program.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace tailops {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

const std::string reference_folder = testing::source_file("tests/support/toon");
const std::string fixtures_folder =
    reference_folder + "/node_modules/@toon-format/spec/tests/fixtures";

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

ToonOptions encode_options(const ordered_json& given, ToonVersion version)
{
    ToonOptions options{.version = version};
    options.indent_size = given.value("indent", given.value("indentSize", std::size_t{2}));
    options.delimiter = static_cast<ToonDelimiter>(given.value("delimiter", ",").front());
    if (given.value("keyFolding", "off") == "safe") options.key_folding = ToonKeyFolding::safe;
    options.flatten_depth = given.value("flattenDepth", SIZE_MAX);
    return options;
}

ToonDecodeOptions decode_options(const ordered_json& given, ToonVersion version)
{
    ToonDecodeOptions options{.version = version};
    options.indent_size = given.value("indent", given.value("indentSize", std::size_t{2}));
    if (!given.value("strict", true)) options.strictness = ToonStrictness::lenient;
    if (given.value("expandPaths", "off") == "safe")
        options.path_expansion = ToonPathExpansion::safe;
    return options;
}

struct Fixture {
    std::string name;  ///< "objects.json: the name of the test"
    ordered_json test;

    ordered_json options() const { return test.value("options", ordered_json::object()); }
};

/// The published tests of one folder; none when they are not installed.
std::vector<Fixture> fixtures(const std::string& category)
{
    std::vector<Fixture> found;
    std::error_code absent;
    for (const auto& entry :
         std::filesystem::directory_iterator{fixtures_folder + ("/" + category), absent}) {
        auto file = ordered_json::parse(read_file(entry.path()));
        for (auto& test : file.at("tests")) {
            auto name =
                entry.path().filename().string() + ": " + test.at("name").get<std::string>();
            found.push_back({std::move(name), std::move(test)});
        }
    }
    return found;
}

constexpr auto not_installed = "the fixtures are not installed: run `make npm-toon`";

TEST(ToonFixtures, EncodeAsPublished)
{
    const auto all = fixtures("encode");
    ASSERT_EQ(all.size(), 153U) << not_installed;
    for (const auto& fixture : all) {
        const auto expected = fixture.test.at("expected").get<std::string>();
        EXPECT_EQ(
            to_toon(fixture.test.at("input"), encode_options(fixture.options(), ToonVersion::v3)),
            expected)
            << fixture.name;
    }
}

TEST(ToonFixtures, DecodeAsPublished)
{
    const auto all = fixtures("decode");
    ASSERT_EQ(all.size(), 247U) << not_installed;
    for (const auto& fixture : all) {
        const auto value = parse_toon(fixture.test.at("input").get<std::string>(),
                                      decode_options(fixture.options(), ToonVersion::v3));
        if (fixture.test.value("shouldError", false)) {
            EXPECT_FALSE(value) << fixture.name;
            continue;
        }
        ASSERT_TRUE(value) << fixture.name << ": " << value.error().public_message();
        EXPECT_EQ(*value, json(fixture.test.at("expected"))) << fixture.name;
    }
}

TEST(ToonFixtures, ReadBackAsTheyWereWritten)
{
    const auto all = fixtures("encode");
    ASSERT_FALSE(all.empty()) << not_installed;
    for (const auto version : {ToonVersion::v3, ToonVersion::v4}) {
        for (const auto& fixture : all) {
            const auto options = encode_options(fixture.options(), version);
            const auto text = to_toon(fixture.test.at("input"), options);
            ToonDecodeOptions reading{.indent_size = options.indent_size, .version = version};
            // A folded name comes back as a path; names that had a dot before are not told apart.
            if (options.key_folding == ToonKeyFolding::safe) {
                if (text.contains("literal")) continue;
                reading.path_expansion = ToonPathExpansion::safe;
            }
            const auto value = parse_toon(text, reading);
            ASSERT_TRUE(value) << fixture.name << ": " << value.error().public_message();
            EXPECT_EQ(*value, json(fixture.test.at("input"))) << fixture.name << '\n' << text;
        }
    }
}

/// What the official implementation says to this many documents; null when it cannot be asked.
ordered_json ask_official(const std::string& documents)
{
    const testing::TemporaryDirectory folder;
    const auto answer = folder.file("answer.json");
    testing::Program node{{"node", reference_folder + "/oracle.mjs", documents}, answer};
    if (node.wait() != 0) return nullptr;
    return ordered_json::parse(read_file(answer), nullptr, false);
}

TEST(ToonOfficial, EncodesAndDecodesTheSame)
{
    const auto cases = ask_official("1000");
    ASSERT_TRUE(cases.is_array())
        << "the official implementation does not run: run `make npm-toon`";
    ASSERT_EQ(cases.size(), 4'000U);
    for (const auto& row : cases) {
        const auto& options = row.at("options");
        if (row.contains("encode")) {
            ASSERT_EQ(to_toon(row.at("encode"), encode_options(options, ToonVersion::v4)),
                      row.at("toon").get<std::string>())
                << row;
            continue;
        }
        const auto text = row.at("decode").get<std::string>();
        const auto value = parse_toon(text, decode_options(options, ToonVersion::v4));
        if (row.contains("error")) {
            EXPECT_FALSE(value) << row << '\n' << text << '\n' << *value;
        } else {
            ASSERT_TRUE(value) << row << '\n' << text << '\n' << value.error().public_message();
            EXPECT_EQ(*value, json(row.at("value"))) << row << '\n' << text;
        }
    }
}

}  // namespace
}  // namespace tailops
