#include "policy/policy_file.hpp"
#include "requests.hpp"
#include "tests/support/source_dir.hpp"
#include "vocabulary.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tailops::policy {
namespace {

using namespace testing;

const Gate& sample()
{
    static const Gate gate{[] {
        std::ifstream file{tailops::testing::source_file("deploy/policy.yaml")};
        std::ostringstream text;
        text << file.rdbuf();
        yaml::Problems problems;
        auto policy = read_policy(text.str(), "policy.yaml", sample_words(), problems);
        EXPECT_EQ(problems.render(), "");
        return policy;
    }()};
    return gate;
}

struct Row {
    const char* name;
    const char* who;
    const char* capability;
    Tier tier;
    const char* environment;
    Parameters parameters;
    Effect want;
    const char* why;
};

const Parameters restart{{"action", Value{"restart"}}};
const Parameters stop{{"action", Value{"stop"}}};
const Parameters log_file{{"path", Value{"/var/log/syslog"}}};
const Parameters key_file{{"path", Value{"/srv/tls/server.key"}}};
const Parameters passwd{{"path", Value{"/etc/passwd"}}};

const Row rows[] = {
    {"viewer_looks",
     "carol",
     "container:read",
     Tier::observe,
     "production",
     {},
     Effect::allow,
     "decided by rule everyone-looks"},
    {"viewer_restarts", "carol", "container:write", Tier::control, "lab", restart, Effect::deny,
     "no role of yours grants \"container:write\""},
    {"viewer_reads_logs", "carol", "file:read", Tier::observe, "lab", log_file, Effect::deny,
     "no rule matched"},
    {"stranger_looks",
     "mallory",
     "container:read",
     Tier::observe,
     "lab",
     {},
     Effect::deny,
     "no role of yours grants \"container:read\""},
    {"operator_restarts_in_lab", "bob", "container:write", Tier::control, "lab", restart,
     Effect::allow, "decided by rule restart-in-lab"},
    {"operator_restarts_in_production", "bob", "container:write", Tier::control, "production",
     restart, Effect::require_approval,
     "decided by rule ask-in-production: production changes need a second person"},
    {"operator_stops_in_production", "bob", "container:write", Tier::control, "production", stop,
     Effect::deny, "decided by rule no-stop-in-production: restart it instead"},
    {"operator_stops_in_lab", "bob", "container:write", Tier::control, "lab", stop, Effect::allow,
     "decided by rule restart-in-lab"},
    {"operator_removes",
     "bob",
     "container:admin",
     Tier::admin,
     "lab",
     {},
     Effect::deny,
     "no role of yours grants \"container:admin\""},
    {"operator_reads_logs", "bob", "file:read", Tier::observe, "production", log_file,
     Effect::allow, "decided by rule operators-read-files"},
    {"operator_reads_elsewhere", "bob", "file:read", Tier::observe, "production", passwd,
     Effect::deny, "no rule matched"},
    {"operator_reads_a_key", "bob", "file:read", Tier::observe, "lab", key_file, Effect::deny,
     "decided by rule no-keys: keys and credentials stay where they are"},
    {"admin_reads_a_key", "alice", "file:read", Tier::observe, "lab", key_file, Effect::deny,
     "decided by rule no-keys: keys and credentials stay where they are"},
    {"admin_removes_in_lab",
     "alice",
     "container:admin",
     Tier::admin,
     "lab",
     {},
     Effect::allow,
     "decided by rule admin-in-lab"},
    {"admin_removes_in_production",
     "alice",
     "container:admin",
     Tier::admin,
     "production",
     {},
     Effect::require_approval,
     "decided by rule admin-in-production"},
    {"admin_looks_in_production",
     "alice",
     "container:read",
     Tier::observe,
     "production",
     {},
     Effect::allow,
     "decided by rule everyone-looks"},
};

const char* tool_of(std::string_view capability)
{
    if (capability == "file:read") return "file_operations";
    return capability == "container:read" ? "inspect_container" : "manage_container";
}

class SampleDecides : public ::testing::TestWithParam<Row> {};

TEST_P(SampleDecides, AsItsCommentsSay)
{
    const auto& row = GetParam();
    auto identity = alice();
    identity.subject = SubjectId{std::string{"u-"} + row.who};
    identity.name = std::string{row.who} + "@example.com";
    identity.groups.clear();
    auto request = ask();
    request.principal = sample().admit(identity);
    request.action = *parse_capability(row.capability);
    request.tool = ToolName{tool_of(row.capability)};
    request.tier = row.tier;
    request.target.environment = row.environment;
    request.target.offers = {request.action};
    request.parameters = row.parameters;
    const auto decision = sample().decide(request).decision;
    EXPECT_EQ(to_string(decision.effect), to_string(row.want));
    EXPECT_EQ(decision.why, row.why);
}

INSTANTIATE_TEST_SUITE_P(Table, SampleDecides, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

}  // namespace
}  // namespace tailops::policy
