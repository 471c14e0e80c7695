#include "gateway/tools/scripts.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/tool.hpp"
#include "tests/unit/gateway/tools/shell.hpp"
#include "tests/unit/gateway/tools/shipped.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/statvfs.h>

#include <fstream>

/// The scripts of the system tools, run for real in the shells of Debian and Alpine, and held
/// against what this machine is.
namespace tailops::tools {
namespace {

using nlohmann::json;
using testing::Shell;

class SystemScripts : public ::testing::TestWithParam<Shell> {
protected:
    static Plan plan_of(std::string_view tool, const json& arguments = json::object())
    {
        return find(tool)->plan(arguments, {}).value();
    }
    static json answer(std::string_view tool, const json& arguments = json::object())
    {
        const auto plan = plan_of(tool, arguments);
        const auto result = testing::run(std::get<targets::Command>(plan.operation), GetParam());
        EXPECT_EQ(result.status, 0) << result.diagnostics;
        const auto content = told(plan.present(result));
        EXPECT_TRUE(content) << content.error().describe() << result.output << result.diagnostics;
        if (!content) return json::object();
        const auto fits = validate_against(*parse_json(find(tool)->output_schema), *content);
        EXPECT_TRUE(fits) << fits.error().describe();
        return *content;
    }
};

INSTANTIATE_TEST_SUITE_P(Shells,
                         SystemScripts,
                         ::testing::Values(Shell::dash, Shell::busybox),
                         [](const auto& row) { return testing::to_string(row.param); });

std::string first_line(const char* path)
{
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

TEST_P(SystemScripts, StatusIsThatOfThisMachine)
{
    const auto status = answer("get_system_status");
    EXPECT_EQ(status.at("hostname"), first_line("/proc/sys/kernel/hostname"));
    EXPECT_EQ(status.at("kernel"), first_line("/proc/sys/kernel/osrelease"));
    EXPECT_FALSE(status.at("os").get<std::string>().empty());
    EXPECT_EQ(status.at("cpu_count").get<long>(), sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_GE(status.at("cpu_percent").get<double>(), 0);
    EXPECT_LE(status.at("cpu_percent").get<double>(), 100);
    EXPECT_GT(status.at("uptime").get<long>(), 0);
    EXPECT_TRUE(parse_rfc3339(status.at("timestamp").get<std::string>()));
    std::string label;
    std::uint64_t kib = 0;
    std::ifstream{"/proc/meminfo"} >> label >> kib;
    EXPECT_EQ(status.at("memory_usage").at("total").get<std::uint64_t>(), kib * 1024);
    EXPECT_LE(status.at("memory_usage").at("used").get<std::uint64_t>(), kib * 1024);
}

TEST_P(SystemScripts, DisksHoldTheRootFileSystem)
{
    const auto disks = answer("get_system_status").at("disk_usage");
    const auto root =
        std::ranges::find_if(disks, [](const json& d) { return d.at("mountpoint") == "/"; });
    ASSERT_NE(root, disks.end()) << disks;
    struct statvfs seen{};
    ASSERT_EQ(statvfs("/", &seen), 0);
    EXPECT_EQ(root->at("total").get<std::uint64_t>() / 1024, seen.f_blocks * seen.f_frsize / 1024);
    EXPECT_GT(root->at("used").get<std::uint64_t>(), 0U);
}

TEST_P(SystemScripts, ProcessesHoldThisOne)
{
    const auto found = answer("get_top_processes", {{"limit", 100}, {"sort_by", "memory"}});
    EXPECT_GT(found.at("total_processes").get<int>(), 1);
    const auto& processes = found.at("processes");
    std::uint64_t last = UINT64_MAX;
    for (const auto& process : processes) {
        EXPECT_LE(process.at("memory_bytes").get<std::uint64_t>(), last);
        last = process.at("memory_bytes").get<std::uint64_t>();
    }
    // Whether this process is among the hundred largest depends on the others; that all are read
    // does not.
    const auto plan = plan_of("get_top_processes");
    const auto raw = testing::run(std::get<targets::Command>(plan.operation), GetParam());
    EXPECT_NE(raw.output.find('\n' + std::to_string(getpid()) + ' '), std::string::npos);
}

TEST_P(SystemScripts, ProcessesAreNamedOwnedAndLimited)
{
    const auto found = answer("get_top_processes", {{"limit", 1}});
    ASSERT_EQ(found.at("processes").size(), 1U);
    const auto& process = found.at("processes").at(0);
    EXPECT_FALSE(process.at("name").get<std::string>().empty());
    EXPECT_FALSE(process.at("username").get<std::string>().empty());
    EXPECT_GE(process.at("cpu_percent").get<double>(), 0);
}

TEST_P(SystemScripts, ALongListThatIsCutIsStillRead)
{
    const auto plan = plan_of("get_top_processes", {{"limit", 5}});
    auto raw = testing::run(std::get<targets::Command>(plan.operation), GetParam());
    const auto content = told(plan.present(testing::cut(raw, raw.output.size() - 40)));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->at("truncated"), true);
    EXPECT_EQ(content->at("processes").size(), 5U);
}

TEST_P(SystemScripts, NetworkHoldsLoopback)
{
    const auto interfaces = answer("get_network_status").at("interfaces");
    const auto lo =
        std::ranges::find_if(interfaces, [](const json& i) { return i.at("name") == "lo"; });
    ASSERT_NE(lo, interfaces.end()) << interfaces;
    EXPECT_TRUE(lo->at("isup"));
    EXPECT_GT(lo->at("mtu").get<int>(), 0);
    EXPECT_TRUE(lo->contains("counters"));
    EXPECT_TRUE(std::ranges::any_of(lo->at("addresses"), [](const json& address) {
        return address.at("address") == "127.0.0.1" && address.value("netmask", "") == "255.0.0.0";
    })) << *lo;
}

TEST_P(SystemScripts, AddressesAreTheSameWithoutTheCommandIp)
{
    const auto plan = plan_of("get_network_status");
    auto command = std::get<targets::Command>(plan.operation);
    const auto with = told(plan.present(testing::run(command, GetParam())));
    const auto at = command.argv[2].find("command -v ip ");
    ASSERT_NE(at, std::string::npos);
    command.argv[2].replace(at, 14, "command -v no-such-command ");
    const auto without = told(plan.present(testing::run(command, GetParam())));
    ASSERT_TRUE(with && without);
    const auto addresses = [](const json& content) {
        std::set<std::string> out;
        for (const auto& interface : content.at("interfaces")) {
            for (const auto& address : interface.at("addresses")) {
                out.insert(interface.at("name").get<std::string>() + ' ' + address.dump());
            }
        }
        return out;
    };
    EXPECT_EQ(addresses(*with), addresses(*without));
}

TEST(SystemTools, AnAnswerOfSomethingElseIsAnErrorNotACrash)
{
    for (const auto* name : {"get_system_status", "get_top_processes", "get_network_status"}) {
        const auto plan = find(name)->plan(json::object(), {}).value();
        for (const auto* output :
             {"", "\n", "sh: not found\n", "@@tailops:5b1e8f2c9d47:stat@@\ncpu x\n"}) {
            targets::ExecutionResult result;
            result.output = output;
            EXPECT_FALSE(told(plan.present(result))) << name << output;
        }
    }
}

TEST(SystemTools, EveryPrefixOfAnAnswerIsReadOrRefused)
{
    for (const auto* name : {"get_system_status", "get_network_status"}) {
        const auto plan = find(name)->plan(json::object(), {}).value();
        const auto raw = testing::run(std::get<targets::Command>(plan.operation));
        for (std::size_t size = 0; size < raw.output.size(); size += 7) {
            const auto content = told(plan.present(testing::cut(raw, size)));
            if (content) {
                EXPECT_EQ(content->at("truncated"), true);
            }
        }
    }
}

}  // namespace
}  // namespace tailops::tools
