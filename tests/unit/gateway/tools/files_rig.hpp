#pragma once

#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

/// file_operations through real shells in a real tree.
namespace tailops::tools {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::Shell;

inline void write(const fs::path& path, std::string_view text)
{
    std::ofstream{path, std::ios::binary} << text;
}

/// tree/allowed is the allowed directory; its neighbours are not. files_test.cpp names the shells
/// for all of its tests.
class Files : public ::testing::TestWithParam<Shell> {
protected:
    Files()
    {
        fs::create_directories(root / "sub/deep");
        fs::create_directories(tree.path() / "allowed-not/inner");
        write(root / "plain.log", "one\ntwo\nthree\nfour");
        write(root / "sub/deep/inner.log", "inner\n");
        write(tree.path() / "secret", "do not tell\n");
        write(tree.path() / "allowed-not/inner/secret.log", "do not tell\n");
    }

    Result<Plan> plan(json arguments)
    {
        targets::TargetSpec spec;
        spec.facts.id = TargetId{"box"};
        spec.file_roots = {root.string()};
        return find("file_operations")->plan(arguments, {.target = &spec});
    }
    json ask(json arguments)
    {
        const auto made = plan(std::move(arguments));
        if (!made) {
            ADD_FAILURE() << made.error().describe();
            return json::object();
        }
        const auto whole = testing::run(std::get<targets::Command>(made->operation), GetParam());
        const auto result = testing::cut(whole, 65'536);
        const auto content = made->present(result);
        EXPECT_TRUE(content) << content.error().describe() << result.output << result.diagnostics;
        if (!content) return json::object();
        const auto fits =
            validate_against(*parse_json(find("file_operations")->output_schema), *content);
        EXPECT_TRUE(fits) << fits.error().describe();
        EXPECT_EQ(content->dump().find("do not tell"), std::string::npos);
        return *content;
    }
    json ask(const char* action, const fs::path& path)
    {
        return ask(json{{"action", action}, {"path", path.string()}});
    }
    void expect_refused(const char* action, const fs::path& path, const char* why)
    {
        const auto content = ask(action, path);
        EXPECT_EQ(content.value("success", true), false) << action << path << content;
        EXPECT_THAT(content.value("error", ""), HasSubstr(why)) << action << path;
    }

    testing::TemporaryDirectory tree;
    fs::path root{tree.path() / "allowed"};
};

}  // namespace tailops::tools
