#include "gateway/tools/proc.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/net_proc.hpp"
#include "gateway/tools/sections.hpp"

#include <gtest/gtest.h>

namespace tailops::tools {
namespace {

std::vector<std::string_view> lines(std::string_view text)
{
    return split(text, '\n');
}

TEST(ParseStat, AddsUpTicksAndWhatWasIdle)
{
    const auto ticks = proc::parse_stat("cpu  60233 0 18253 458521 1464 0 202 288 7 9");
    ASSERT_TRUE(ticks);
    EXPECT_EQ(ticks->total, 60233U + 18253 + 458521 + 1464 + 202 + 288);
    EXPECT_EQ(ticks->idle, 458521U + 1464);
    EXPECT_TRUE(proc::parse_stat("cpu 1 2 3 4"));  // Linux 2.4
}

TEST(ParseStat, RefusesWhatIsNoSuchLine)
{
    for (const auto* text : {"", "cpu", "cpu 1 2 3", "cpu0 1 2 3 4", "cpu a b c d", "cpu -1 2 3 4",
                             "cpu 99999999999999999999999 2 3 4", "intr 1 2 3 4"}) {
        EXPECT_FALSE(proc::parse_stat(text)) << text;
    }
}

TEST(BusyPercent, IsOfTheTimeBetweenTheSamples)
{
    EXPECT_DOUBLE_EQ(proc::busy_percent({100, 50}, {200, 125}), 25.0);
    EXPECT_DOUBLE_EQ(proc::busy_percent({100, 50}, {100, 50}), 0.0);
    EXPECT_DOUBLE_EQ(proc::busy_percent({200, 50}, {100, 60}), 0.0);    // ran backwards
    EXPECT_DOUBLE_EQ(proc::busy_percent({100, 50}, {200, 40}), 100.0);  // iowait ran backwards
}

TEST(ParseLoadavg, ReadsThreeNumbersOrRefuses)
{
    const auto load = proc::parse_loadavg("6.00 2.58 1.09 10/170 15388\n");
    ASSERT_TRUE(load);
    EXPECT_DOUBLE_EQ(load->five, 2.58);
    for (const auto* text : {"", "1 2", "a b c", "-1 2 3", "nan 1 2"}) {
        EXPECT_FALSE(proc::parse_loadavg(text)) << text;
    }
}

TEST(ParseUptime, ReadsSecondsOrRefuses)
{
    EXPECT_DOUBLE_EQ(*proc::parse_uptime("2701.47 4585.21"), 2701.47);
    EXPECT_FALSE(proc::parse_uptime(""));
    EXPECT_FALSE(proc::parse_uptime("up 3 days"));
}

TEST(ParseMeminfo, ReadsBytes)
{
    const auto memory = proc::parse_meminfo(
        "MemTotal:       24684084 kB\nMemFree:        21613672 kB\nMemAvailable:   22681640 kB\n"
        "SwapTotal:       1048576 kB\nSwapFree:         524288 kB\nHugePages_Total:       0");
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->total, 24684084ULL * 1024);
    EXPECT_EQ(memory->available, 22681640ULL * 1024);
    EXPECT_EQ(memory->swap_free, 524288ULL * 1024);
}

TEST(ParseMeminfo, EstimatesWhatAnOldKernelDoesNotTell)
{
    const auto memory =
        proc::parse_meminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 30 kB");
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->available, 150U * 1024);
}

TEST(ParseMeminfo, RefusesWithoutATotal)
{
    for (const auto* text :
         {"", "MemFree: 100 kB", "MemTotal: x kB", "MemTotal: 0 kB", "MemTotal:"}) {
        EXPECT_FALSE(proc::parse_meminfo(text)) << text;
    }
}

TEST(ParseDisks, ReadsDebianAndBusyboxAlike)
{
    const auto disks = proc::parse_disks(
        lines("/dev/vda / ext4\n/dev/vda          264212084 13732120  81769144      15% /\nend\n"
              "/dev/mapper/a\\040b /srv/my\\040data xfs\n/dev/mapper/a b 1000 250 750 25% /srv/my "
              "data\nend"));
    ASSERT_EQ(disks.size(), 2U);
    EXPECT_EQ(disks[0].total, 264212084ULL * 1024);
    EXPECT_EQ(disks[0].fstype, "ext4");
    EXPECT_EQ(disks[1].device, "/dev/mapper/a b");
    EXPECT_EQ(disks[1].mountpoint, "/srv/my data");
    EXPECT_DOUBLE_EQ(disks[1].percent, 25.0);
}

TEST(ParseDisks, LeavesOutWhatDfCouldNotTellAndFurtherMountsOfADevice)
{
    const auto disks = proc::parse_disks(lines(
        "/dev/sda / ext4\nend\n/dev/sdb /a ext4\n/dev/sdb 10 5 5 50% /a\nend\n"
        "/dev/sdb /b ext4\n/dev/sdb 10 5 5 50% /b\nend\n/dev/sdc /c xfs\ndf: /c: broken\nend\n"
        "none /d xfs\nnone 0 0 0 - /d\nend\ntorn"));
    ASSERT_EQ(disks.size(), 1U);
    EXPECT_EQ(disks[0].mountpoint, "/a");
}

TEST(UnescapeMount, ResolvesOctalAndLeavesTheRest)
{
    EXPECT_EQ(proc::unescape_mount("/a\\040b\\011c\\134d"), "/a b\tc\\d");
    EXPECT_EQ(proc::unescape_mount("/a\\04"), "/a\\04");
    EXPECT_EQ(proc::unescape_mount("/a\\999"), "/a\\999");
    EXPECT_EQ(proc::unescape_mount("\\"), "\\");
}

TEST(ParseProcesses, CountsTicksBetweenTheSamples)
{
    const auto ticks = lines("7 100 20"), status = lines("7 u 0\n7 m 2048\n8 u 4242");
    const auto processes = lines("7 130 25 R my (odd) proc\n8 0 0 Z gone\n9 5 0 S new");
    const auto users = lines("root:0\nodd:x");
    const auto read = proc::parse_processes(
        {.ticks = ticks, .status = status, .processes = processes, .users = users});
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 3U);
    EXPECT_EQ((*read)[0].ticks, 35U);
    EXPECT_EQ((*read)[0].name, "my (odd) proc");
    EXPECT_EQ((*read)[0].user, "root");
    EXPECT_EQ((*read)[0].rss_kib, 2048U);
    EXPECT_EQ((*read)[1].user, "4242");
    EXPECT_EQ(proc::state_in_words((*read)[1].state), "zombie");
    EXPECT_EQ((*read)[2].ticks, 5U);  // not there before: all its ticks are new
}

TEST(ParseProcesses, SkipsTornLinesAndRefusesWhenNothingIsLeft)
{
    const auto torn =
        lines("7 130 25 R ok\n8 1 2\nx 1 2 R y\n9 1 2 RR z\n99999999999999999999 1 2 R z");
    const auto read =
        proc::parse_processes({.ticks = {}, .status = {}, .processes = torn, .users = {}});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 1U);
    EXPECT_FALSE(proc::parse_processes({}));
}

TEST(ParseProcesses, EscapesNamesThatDeceive)
{
    const auto processes = lines("7 1 1 R a\x1b[2Kb");
    const auto read =
        proc::parse_processes({.ticks = {}, .status = {}, .processes = processes, .users = {}});
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)[0].name.find('\x1b'), std::string::npos);
}

TEST(Sections, TheLastOneTakesAllThatRemains)
{
    const auto sections = Sections::read(
        "banner\n@@tailops:5b1e8f2c9d47:a@@\none\ntwo\n@@tailops:5b1e8f2c9d47:content@@\n"
        "@@tailops:5b1e8f2c9d47:a@@\nfake\n",
        "content");
    EXPECT_EQ(sections.first(), "a");
    EXPECT_EQ(sections.text("a"), "one\ntwo");
    EXPECT_EQ(sections.whole("content"), "@@tailops:5b1e8f2c9d47:a@@\nfake\n");
    EXPECT_FALSE(sections.required("b"));
    EXPECT_TRUE(Sections::read("").first().empty());
    EXPECT_TRUE(Sections::read("@@tailops:5b1e8f2c9d47:@@").first().empty());
}

TEST(ParseInterfaces, KnowsWhichAreUp)
{
    const auto found = net::parse_interfaces(
        lines("eth0 flags=0x1003 state=up mtu=1400 speed=1000 mac=02:fc:00:00:00:01\n"
              "lo flags=0x9 state=unknown mtu=65536 speed= mac=00:00:00:00:00:00\n"
              "eth1 flags=0x1003 state=down mtu=1500 speed=-1 mac=\n"
              "eth2 flags=0x1002 state=up mtu=x speed=y mac=\nway-too-long-a-name flags=0x1\n\n"));
    ASSERT_EQ(found.size(), 4U);
    EXPECT_TRUE(found.at("eth0").is_up);
    EXPECT_EQ(found.at("eth0").speed_mbps, 1000);
    EXPECT_EQ(found.at("eth0").mac, "02:fc:00:00:00:01");
    EXPECT_TRUE(found.at("lo").is_up);
    EXPECT_FALSE(found.at("eth1").is_up);
    EXPECT_EQ(found.at("eth1").speed_mbps, 0);
    EXPECT_FALSE(found.at("eth2").is_up);
}

TEST(ParseIpAddr, ReadsAddressesPeersAndLeavesOutTheRest)
{
    const auto found = net::parse_ip_addr(
        lines("1: lo    inet 127.0.0.1/8\n4: eth0@if5    inet 192.0.2.2/24 brd 192.0.2.255\n"
              "4: eth0    inet6 fe80::fc:ff:fe00:1/64\n5: wg0    inet 10.0.0.1 peer 10.0.0.2/32\n"
              "6: x    inet 1.2.3/24\n7: y    inet 1.2.3.4/99\n8: z link/ether\nInter"));
    EXPECT_EQ(found.size(), 3U);
    EXPECT_EQ(found.at("eth0").at(0).netmask(), "255.255.255.0");
    EXPECT_EQ(found.at("eth0").at(1).family, "inet6");
    EXPECT_EQ(found.at("wg0").at(0).address, "10.0.0.1");
    EXPECT_EQ(found.at("wg0").at(0).prefix, 32);
}

TEST(ParseFibTrie, FindsTheInterfaceOfEachLocalAddress)
{
    const auto trie = lines(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
        "     +-- 127.0.0.0/8 2 0 2\n           |-- 127.0.0.1\n              /32 host LOCAL\n"
        "        |-- 192.0.2.2\n           /32 host LOCAL\n        |-- 192.0.2.255\n"
        "           /32 link BROADCAST\nLocal:\n        |-- 192.0.2.2\n           /32 host LOCAL");
    const auto route = lines(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0");
    const auto found = net::parse_fib_trie(trie, route);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.at("lo").at(0).address, "127.0.0.1");
    ASSERT_EQ(found.at("eth0").size(), 1U);
    EXPECT_EQ(found.at("eth0").at(0).address, "192.0.2.2");
    EXPECT_EQ(found.at("eth0").at(0).prefix, 24);
    EXPECT_TRUE(net::parse_fib_trie({}, {}).empty());
}

TEST(ParseIfInet6, ReadsTheKernelsHexadecimal)
{
    const auto found = net::parse_if_inet6(
        lines("00000000000000000000000000000001 01 80 10 80       lo\n"
              "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\nzz 01 80 10 80 lo\n"
              "fe8000000000000000fc00fffe00000g 04 40 20 80     eth0"));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.at("lo").at(0).address, "::1");
    EXPECT_EQ(found.at("eth0").at(0).address, "fe80::fc:ff:fe00:1");
    EXPECT_EQ(found.at("eth0").at(0).prefix, 64);
}

TEST(ParseDev, ReadsCounters)
{
    const auto found = net::parse_dev(
        lines("Inter-|   Receive  |  Transmit\n face |bytes packets\n"
              "  eth0: 204646678 3999 1 2 0 0 0 0 217295 2356 3 4 0 0 0 0\n  torn: 1 2 3"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at("eth0").bytes_received, 204646678U);
    EXPECT_EQ(found.at("eth0").drops_in, 2U);
    EXPECT_EQ(found.at("eth0").bytes_sent, 217295U);
    EXPECT_EQ(found.at("eth0").errors_out, 3U);
}

}  // namespace
}  // namespace tailops::tools
