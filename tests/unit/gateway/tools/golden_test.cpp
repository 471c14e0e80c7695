#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

/// What each tool is, plans and reads, as files in tests/golden/tools/NAME that are reviewed as a
/// diff. By hand: calls.json, with arguments that are accepted and neighbours that are refused, and
/// MACHINE.out, what a machine of that kind printed for the first of them. `make golden` writes the
/// rest: schema.json, plans.json and MACHINE.json.
namespace tailops::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path folder_of(const Tool& tool)
{
    return fs::path{tailops::testing::source_file("tests/golden/tools")} / tool.name;
}

std::string slurp(const fs::path& path)
{
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

void expect_golden(const fs::path& path, const json& now)
{
    const auto text = now.dump(2) + '\n';
    const char* wish = std::getenv("TAILOPS_GOLDEN");
    if (wish && std::string_view{wish} == "write") std::ofstream{path, std::ios::binary} << text;
    EXPECT_EQ(slurp(path), text) << path << ": review the change; `make golden` accepts it";
}

std::string text_of(const Right& right)
{
    return right.capability.text() + " at " + std::string{to_string(right.tier)};
}

struct AsJson {
    json operator()(const targets::Probe& probe) const
    {
        const bool is_whole = probe.depth == targets::Probe::Depth::authenticate;
        return {{"probe", is_whole ? "authenticate" : "connect"}};
    }
    json operator()(const targets::Command& command) const
    {
        auto argv = command.argv;
        // The text of a script is reviewed where it stands.
        if (argv.size() > 2 && argv[0] == "/bin/sh" && argv[1] == "-c") argv[2] = "SCRIPT";
        return {{"argv", argv}};
    }
    json operator()(const targets::EngineCall& call) const
    {
        return {{"engine", call.method + ' ' + call.path}, {"query", call.query}};
    }
    json operator()(const targets::HttpCall& call) const
    {
        return {{"http", call.method + ' ' + call.path},
                {"query", call.query},
                {"headers", call.headers},
                {"body", call.body}};
    }
};

json parameters_json(const policy::Parameters& parameters)
{
    auto out = json::object();
    for (const auto& [name, value] : parameters) {
        std::visit([&](const auto& held) { out[name] = held; }, value);
    }
    return out;
}

class Golden : public ::testing::TestWithParam<std::string> {
protected:
    Golden()
    {
        spec_.facts.id = TargetId{"t"};
        spec_.file_roots = {"/srv"};
    }
    const Tool& tool() const { return *find(GetParam()); }
    json calls() const
    {
        const auto read = parse_json(slurp(folder_of(tool()) / "calls.json"));
        EXPECT_TRUE(read) << folder_of(tool()) / "calls.json";
        return read.value_or(json::object());
    }
    json with_target(json arguments) const
    {
        if (tool().needs_target()) arguments["target"] = "t";
        return arguments;
    }
    Result<Plan> plan(const json& arguments) const
    {
        return tool().plan(with_target(arguments),
                           {.target = &spec_, .commands = &CommandCatalogue::shipped()});
    }
    json planned(const json& arguments) const
    {
        EXPECT_TRUE(validate_arguments(tool(), with_target(arguments))) << arguments;
        json out{{"arguments", arguments}};
        if (!tool().needs_target()) return out;
        const auto made = plan(arguments);
        EXPECT_TRUE(made) << arguments << made.error().describe();
        if (!made) return out;
        out["right"] = text_of(made->right);
        if (made->job) {
            out["job"] = "of several steps";
        } else {
            out["operation"] = std::visit(AsJson{}, made->operation);
        }
        out["parameters"] = parameters_json(made->parameters);
        return out;
    }
    json refused(const json& arguments) const
    {
        const auto valid = validate_arguments(tool(), with_target(arguments));
        EXPECT_FALSE(valid) << arguments;
        return {{"arguments", arguments}, {"refused", valid ? "" : valid.error().describe()}};
    }
    /// What machines printed for the first accepted call, by the name of the kind of machine.
    std::map<std::string, std::string> fixtures() const
    {
        std::map<std::string, std::string> out;
        for (const auto& entry : fs::directory_iterator{folder_of(tool())}) {
            if (entry.path().extension() != ".out") continue;
            out.emplace(entry.path().stem().string(), slurp(entry.path()));
        }
        return out;
    }
    Result<json> presented(const std::string& output, bool is_cut = false) const
    {
        targets::ExecutionResult result;
        result.output = output;
        result.truncated = is_cut;
        return told(plan(calls().at("accepted").at(0))->present(result));
    }

    targets::TargetSpec spec_;
};

TEST_P(Golden, SchemasAreAsReviewed)
{
    const auto& row = tool();
    std::vector<std::string> rights;
    for (const auto& right : row.rights) rights.push_back(text_of(right));
    expect_golden(folder_of(row) / "schema.json", {{"title", row.title},
                                                   {"summary", row.summary},
                                                   {"rights", rights},
                                                   {"read_only", row.annotations.read_only},
                                                   {"destructive", row.annotations.destructive},
                                                   {"idempotent", row.annotations.idempotent},
                                                   {"open_world", row.annotations.open_world},
                                                   {"arguments", full_input_schema(row)},
                                                   {"result", full_output_schema(row)}});
}

TEST_P(Golden, PlansAreAsReviewedAndTheirNeighboursRefused)
{
    const auto examples = calls();
    auto out = json::array();
    for (const auto& arguments : examples.at("accepted")) out.push_back(planned(arguments));
    for (const auto& arguments : examples.at("refused")) out.push_back(refused(arguments));
    EXPECT_FALSE(examples.at("accepted").empty());
    EXPECT_FALSE(examples.at("refused").empty());
    expect_golden(folder_of(tool()) / "plans.json", out);
}

TEST_P(Golden, WhatMachinesPrintedIsReadAsReviewed)
{
    for (const auto& [machine, output] : fixtures()) {
        const auto content = presented(output);
        ASSERT_TRUE(content) << machine << ": " << content.error().describe();
        EXPECT_TRUE(validate_against(full_output_schema(tool()), *content)) << machine;
        expect_golden(folder_of(tool()) / (machine + ".json"), *content);
    }
}

TEST_P(Golden, WhatMachinesPrintedIsReadOrRefusedWhereverItIsCut)
{
    for (const auto& [machine, output] : fixtures()) {
        const auto step = std::max<std::size_t>(1, output.size() / 150);
        for (std::size_t size = 0; size < output.size(); size += step) {
            const auto content = presented(output.substr(0, size), true);
            if (!content) continue;
            EXPECT_TRUE(validate_against(full_output_schema(tool()), *content))
                << machine << size << *content;
            EXPECT_EQ(content->value("truncated", false), true) << machine << size;
        }
    }
}

TEST_P(Golden, WhatMachinesPrintedIsReadOrRefusedWhateverByteIsWrong)
{
    for (const auto& [machine, output] : fixtures()) {
        const auto step = std::max<std::size_t>(1, output.size() / 100);
        for (std::size_t at = 0; at < output.size(); at += step) {
            for (const char wrong : {'\n', '9', '\xff'}) {
                auto other = output;
                other[at] = wrong;
                const auto content = presented(other);
                if (!content) continue;
                EXPECT_TRUE(validate_against(full_output_schema(tool()), *content))
                    << machine << at << *content;
            }
        }
    }
}

std::vector<std::string> names()
{
    std::vector<std::string> out;
    for (const auto& tool : all()) out.push_back(tool.name);
    return out;
}

INSTANTIATE_TEST_SUITE_P(Tools, Golden, ::testing::ValuesIn(names()), [](const auto& tool) {
    return tool.param;
});

TEST(GoldenFolders, AreOfToolsThatThereAre)
{
    for (const auto& entry :
         fs::directory_iterator{tailops::testing::source_file("tests/golden/tools")}) {
        EXPECT_TRUE(find(entry.path().filename().string())) << entry.path();
    }
}

}  // namespace
}  // namespace tailops::tools
