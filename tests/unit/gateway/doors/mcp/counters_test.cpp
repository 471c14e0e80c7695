#include "gateway/doors/mcp/counters.hpp"

#include <gtest/gtest.h>

namespace tailops::mcp {
namespace {

bool has_line(const std::string& text, const std::string& line)
{
    return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

TEST(MetricsText, CountsByRevisionClientAndError)
{
    Counters counters;
    counters.count_request(Revision::v2026_07_28, "inspector");
    counters.count_request(Revision::v2026_07_28, "inspector");
    counters.count_request(Revision::v2025_06_18, "inspector");
    counters.count_request(Revision::v2025_06_18, "");
    counters.count_error(-32601);
    const auto text = metrics_text(counters.totals());
    const std::vector<std::string> lines{
        R"(# TYPE tailops_mcp_requests_total counter)",
        R"(tailops_mcp_requests_total{era="modern",revision="2026-07-28"} 2)",
        R"(tailops_mcp_requests_total{era="legacy",revision="2025-06-18"} 2)",
        R"(tailops_mcp_requests_total{era="legacy",revision="2025-11-25"} 0)",
        R"(tailops_mcp_client_requests_total{client="inspector",era="modern"} 2)",
        R"(tailops_mcp_client_requests_total{client="inspector",era="legacy"} 1)",
        R"(tailops_mcp_client_requests_total{client="unnamed",era="legacy"} 1)",
        R"(tailops_mcp_errors_total{code="-32601"} 1)"};
    for (const auto& line : lines) EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    EXPECT_FALSE(
        has_line(text, R"(tailops_mcp_client_requests_total{client="unnamed",era="modern"} 0)"));
}

TEST(MetricsText, EscapesWhatClientsCallThemselves)
{
    Counters counters;
    counters.count_request(Revision::v2026_07_28, "a\"} 9\nb\\");
    EXPECT_TRUE(
        has_line(metrics_text(counters.totals()),
                 R"(tailops_mcp_client_requests_total{client="a\"} 9\\nb\\",era="modern"} 1)"));
    // Whoever looks at the numbers on a terminal must not be fooled by them.
    counters.count_request(Revision::v2026_07_28, "\x1b[31m\u202Ered");
    const auto text = metrics_text(counters.totals());
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u202E"), std::string::npos);
    EXPECT_NE(text.find("[31m"), std::string::npos) << text;
}

TEST(Counters, TellsSoManyClientsApartAndNoMore)
{
    Counters counters;
    for (std::size_t i = 0; i < Counters::clients_max + 10; ++i) {
        counters.count_request(Revision::v2026_07_28, "client" + std::to_string(i));
    }
    const auto totals = counters.totals();
    EXPECT_EQ(totals.clients.size(), Counters::clients_max + 1);
    EXPECT_EQ(totals.clients.at("other")[1], 10U);
}

TEST(Counters, SeesOnceThatAClientFallsBackToTheLegacyEra)
{
    Counters counters;
    counters.count_request(Revision::v2026_07_28, "c");
    EXPECT_EQ(counters.totals().downgrades, 0U);
    counters.count_request(Revision::v2025_11_25, "c");
    counters.count_request(Revision::v2025_11_25, "c");
    EXPECT_EQ(counters.totals().downgrades, 1U);
    EXPECT_TRUE(has_line(metrics_text(counters.totals()), "tailops_mcp_client_downgrades_total 1"));
}

TEST(Counters, DoesNotTakeALegacyClientForOneThatFellBack)
{
    Counters counters;
    counters.count_request(Revision::v2025_11_25, "old");
    counters.count_request(Revision::v2025_11_25, "new");
    counters.count_request(Revision::v2026_07_28, "new");
    counters.count_request(Revision::v2025_11_25, "new");
    EXPECT_EQ(counters.totals().downgrades, 0U);
}

TEST(Totals, NameNoSecretThatAClientCallsItself)
{
    Counters counters;
    counters.count_request(Revision::v2026_07_28, "x-hunter2-of-the-gateway");
    counters.count_request(Revision::v2026_07_28, "x-other-of-the-gateway");
    counters.count_request(Revision::v2026_07_28, "inspector");
    SecretRegistry secrets;
    EXPECT_EQ(without_secrets(counters.totals(), secrets), counters.totals());
    secrets.add(Secret{"hunter2-of-the-gateway"});
    secrets.add(Secret{"other-of-the-gateway"});
    const auto text = metrics_text(without_secrets(counters.totals(), secrets));
    EXPECT_EQ(text.find("of-the-gateway"), std::string::npos) << text;
    EXPECT_TRUE(has_line(
        text, R"(tailops_mcp_client_requests_total{client="x-[redacted]",era="modern"} 2)"));
    EXPECT_TRUE(
        has_line(text, R"(tailops_mcp_client_requests_total{client="inspector",era="modern"} 1)"));
}

}  // namespace
}  // namespace tailops::mcp
