#pragma once

#include "gateway/core/json.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shell.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
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

/// The gateway's own places, where a test says that they are.
class KnownPlaces : public OwnPlaces {
public:
    explicit KnownPlaces(PlaceSet places) : places_{std::move(places)} {}
    bool hold(std::string_view path, const std::vector<std::string_view>& identities) const override
    {
        return places_.hold(path, identities);
    }

private:
    const PlaceSet places_;
};

/// Closes what a test closes, and notes what it is asked.
class FakeJudge : public PlaceJudge {
public:
    Status may_open(const std::string& path) override
    {
        opened.push_back(path);
        if (closed.contains(path)) return fail(Errc::denied, "closed to you");
        return {};
    }
    bool may_name(const std::string& path) override { return !closed.contains(path); }

    std::set<std::string> closed;
    std::vector<std::string> opened;
};

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
        spec.file_roots = roots.empty() ? std::vector{root.string()} : roots;
        return find("file_operations")->plan(arguments, {.target = &spec, .own_places = own});
    }
    /// What becomes of a call that nothing of the answer is given for.
    Error refusal_of(const char* action, const fs::path& path)
    {
        const auto made = plan({{"action", action}, {"path", path.string()}});
        if (!made) return made.error();
        const auto result = testing::run(std::get<targets::Command>(made->operation), GetParam());
        const auto content = told(made->place.present(result, judge));
        if (!content) return content.error();
        ADD_FAILURE() << action << path << content->dump();
        return Error{Errc::internal, "it was answered"};
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
        const auto content = told(made->place.present(result, judge));
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

    std::vector<std::string> roots;  // allowed; empty: `root`
    FakeJudge judge;
    std::shared_ptr<const OwnPlaces> own;
    testing::TemporaryDirectory tree;
    fs::path root{tree.path() / "allowed"};
};

}  // namespace tailops::tools
