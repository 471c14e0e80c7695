#include "gateway/call/view.hpp"
#include "gateway/tools/policy_words.hpp"
#include "policy/gate.hpp"
#include "policy/policy_file.hpp"
#include "targets/targets_file.hpp"
#include "tests/support/source_dir.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

// Who may do what where, under the sample policy and targets: principal x target x tool as a grid,
// because a change in behaviour is a lot easier to review as a diff of it. `make golden` rewrites
// it.

namespace tailops::call {
namespace {

const std::string source = testing::source_file(".");

std::string slurp(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

targets::TargetsFile sample_targets()
{
    yaml::Problems problems;
    auto file = targets::read_targets(
        slurp(source + "/deploy/targets.yaml"), "deploy/targets.yaml",
        [](const std::string&) { return std::nullopt; }, problems);
    EXPECT_TRUE(problems.empty()) << problems.render();
    return file;
}

policy::Policy sample_policy(const targets::TargetsFile& file)
{
    const auto words = tools::policy_vocabulary(file.targets, tools::CommandCatalogue::shipped(),
                                                *tools::ToolCatalogue::shipped());
    yaml::Problems problems;
    auto policy = policy::read_policy(slurp(source + "/deploy/policy.yaml"), "deploy/policy.yaml",
                                      words, problems);
    EXPECT_TRUE(problems.empty()) << problems.render();
    EXPECT_TRUE(problems.notices().empty()) << problems.notices().front().text;
    return policy;
}

struct Caller {
    const char* label;
    const char* name;
    std::optional<std::set<std::string>> scopes;
};

/// One per role of the sample policy, a stranger, and tokens that bring their own scopes.
std::vector<Caller> callers(const policy::Policy& policy)
{
    static std::vector<std::string> names;
    std::vector<Caller> out;
    names.reserve(policy.roles.size() * 2);
    for (const auto& role : policy.roles) {
        if (role.subjects.empty()) continue;
        names.push_back("role " + role.name);
        names.push_back(*role.subjects.begin());
        out.push_back({names[names.size() - 2].c_str(), names.back().c_str(), std::nullopt});
    }
    out.push_back({"stranger", "stranger@example.com", std::nullopt});
    out.push_back({"token readonly", "ci", std::set<std::string>{"readonly"}});
    out.push_back({"token admin", "ci", std::set<std::string>{"admin"}});
    return out;
}

/// The rights that a call of the tool may need. The commands catalogue could ask for nearly any;
/// what counts are those of the commands that ship.
std::vector<tools::Right> telling_rights(const tools::Tool& tool)
{
    std::vector<tools::Right> out;
    for (const auto& right : tool.rights) {
        const auto is_shipped = [&](const auto& command) {
            return command.capability == right.capability && command.tier == right.tier;
        };
        if (tool.name != "execute_command" ||
            std::ranges::any_of(tools::CommandCatalogue::shipped().all(), is_shipped)) {
            out.push_back(right);
        }
    }
    return out;
}

/// Arguments that rules of the sample policy tell apart, with what a row says of them.
struct Arguments {
    std::string shown;
    policy::Parameters parameters;
};

std::vector<Arguments> telling_arguments(const tools::Tool& tool)
{
    if (tool.name != "file_operations") return {{}};
    std::vector<Arguments> out;
    for (const char* path : {"/var/log/syslog", "/var/log/tls.key", "/etc/hosts"}) {
        out.push_back({std::string{", path "} + path, {{"action", "read"}, {"path", path}}});
    }
    return out;
}

std::string row(const World& world,
                const Caller& caller,
                const tools::Tool& tool,
                const Arguments& arguments,
                const policy::TargetFacts& target)
{
    auth::Identity identity;
    identity.subject = SubjectId{caller.name};
    identity.name = caller.name;
    identity.scopes = caller.scopes;
    identity.expires = TimePoint::max();
    std::string out;
    if (tool.needs_target() && !targets::has_facet(target.kind, tool.facet)) return out;
    for (const auto& right : telling_rights(tool)) {
        policy::AccessRequest request;
        request.principal = world.gate->admit(identity);
        request.tool = ToolName{std::string{tool.name}};
        request.action = right.capability;
        request.tier = right.tier;
        request.target = target;
        request.parameters = arguments.parameters;
        if (tool.needs_target() && tool.facet == targets::Facet::reachability) {
            request.mildest = mildest_use(world, request.principal, target);
        }
        const auto decision = world.gate->decide(request).decision;
        out += std::string{caller.label} + " | " + target.id.str() + " | " +
               std::string{tool.name} + " | " + right.capability.text() + " at " +
               std::string{to_string(right.tier)} + arguments.shown + " | " +
               std::string{policy::to_string(decision.effect)} + " | " + decision.why + '\n';
    }
    return out;
}

std::string matrix()
{
    const auto targets = sample_targets();
    auto policy = sample_policy(targets);
    const auto who = callers(policy);
    World world;
    world.gate = std::make_shared<const policy::Gate>(std::move(policy));
    // The shipped ones are nobody's to delete.
    world.commands = {std::shared_ptr<void>{}, &tools::CommandCatalogue::shipped()};
    std::string out = "principal | target | tool | right | effect | why\n";
    for (const auto& caller : who) {
        for (const auto& tool : tools::ToolCatalogue::shipped()->all()) {
            if (!tool.needs_target()) {
                out += row(world, caller, tool, {}, gateway_facts());
                continue;
            }
            for (const auto& target : targets.targets) {
                for (const auto& arguments : telling_arguments(tool)) {
                    out += row(world, caller, tool, arguments, target.facts);
                }
            }
        }
    }
    return out;
}

TEST(Golden, PolicyMatrixIsAsReviewed)
{
    const auto path = source + "/tests/golden/policy-matrix.txt";
    const auto now = matrix();
    const char* wish = std::getenv("TAILOPS_GOLDEN");
    if (wish && std::string_view{wish} == "write") std::ofstream{path, std::ios::binary} << now;
    EXPECT_EQ(slurp(path), now) << "review the change; `make golden` accepts it";
}

// A tool that nobody documented or put into the matrix does not ship.
TEST(Golden, EveryToolIsInTheMatrixAndTheDocumentation)
{
    const auto grid = slurp(source + "/tests/golden/policy-matrix.txt");
    const auto pages = slurp(source + "/docs/tools.md");
    for (const auto& tool : tools::ToolCatalogue::shipped()->all()) {
        EXPECT_NE(grid.find("| " + std::string{tool.name} + " |"), std::string::npos) << tool.name;
        EXPECT_NE(pages.find(std::string{tool.name}), std::string::npos) << tool.name;
    }
}

}  // namespace
}  // namespace tailops::call
