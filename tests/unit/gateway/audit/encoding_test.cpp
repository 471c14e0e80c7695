#include "gateway/audit/encoding.hpp"

#include "gateway/audit/chain.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "tests/unit/gateway/audit/trail_directory.hpp"

#include <nlohmann/json.hpp>

namespace tailops::audit {
namespace {

const TimePoint noon = *parse_rfc3339("2026-11-20T12:00:00.007Z");

TEST(Encoding, ReadsBackEveryField)
{
    auto record = outcome("req-1", "busy");
    record.parameters_sha256 = std::string(64, 'a');
    record.idempotency_key = "restart-1";
    record.detail = "exit 1; \"quoted\" \\ and\nmore\t\x01 \xE2\x82\xAC";
    record.actors = "1002, client:agent";
    const auto stored = decode_body(encode_body(record, noon));
    ASSERT_TRUE(stored) << stored.error().describe();
    EXPECT_EQ(stored->kind, LineKind::outcome);
    EXPECT_EQ(stored->time, noon);
    const auto& read = stored->record;
    EXPECT_EQ(read.phase, record.phase);
    EXPECT_EQ(read.request, record.request);
    EXPECT_EQ(read.subject, record.subject);
    EXPECT_EQ(read.name, record.name);
    EXPECT_EQ(read.client, record.client);
    EXPECT_EQ(read.actors, record.actors);
    EXPECT_EQ(read.method, record.method);
    EXPECT_EQ(read.tool, record.tool);
    EXPECT_EQ(read.capability, record.capability);
    EXPECT_EQ(read.tier, record.tier);
    EXPECT_EQ(read.target, record.target);
    EXPECT_EQ(read.parameters, record.parameters);
    EXPECT_EQ(read.parameters_sha256, record.parameters_sha256);
    EXPECT_EQ(read.idempotency_key, record.idempotency_key);
    EXPECT_EQ(read.effect, record.effect);
    EXPECT_EQ(read.why, record.why);
    EXPECT_EQ(read.rule, record.rule);
    EXPECT_EQ(read.policy_version, record.policy_version);
    EXPECT_EQ(read.outcome, record.outcome);
    EXPECT_EQ(read.detail, record.detail);
    EXPECT_EQ(read.elapsed_ms, record.elapsed_ms);
}

TEST(Encoding, WritesTimeAsTheCoreDoes)
{
    for (const auto* text :
         {"1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "2026-12-31T00:00:00.010Z"}) {
        const auto time = *parse_rfc3339(text);
        EXPECT_EQ(read_heading(encode_body({}, time)).time, text);
        EXPECT_EQ(rfc3339(time), text);
    }
}

TEST(Encoding, EveryLineIsOneLineOfValidJsonWhateverTheFieldsHold)
{
    KeyedMac mac{TrailDirectory::key()};
    for (const std::string& hostile :
         {std::string{"a\nb"}, std::string{"\xFF\xFE\xC0\x80"}, std::string(100'000, '"'),
          std::string(100'000, '\x01'), std::string{"\",\"outcome\":\"ok"}, std::string(1, '\0'),
          std::string{"\",\"mac\":\""}, std::string(511, 'x') + "\xE2\x82\xAC"}) {
        Record record = intent(hostile);
        record.subject = record.name = record.client = record.method = record.capability = hostile;
        record.tool = ToolName{hostile};
        record.target = TargetId{hostile};
        record.parameters = record.why = record.rule = record.policy_version = hostile;
        record.detail = hostile;
        ChainPosition position;
        std::string line;
        seal(line, encode_body(record, noon), position, mac);
        ASSERT_TRUE(line.ends_with('\n'));
        line.pop_back();
        EXPECT_LT(line.size(), line_bytes_max);
        EXPECT_EQ(line.find('\n'), std::string::npos);
        EXPECT_TRUE(parse_json(line));
        const auto frame = parse_frame(line);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(mac.matches(*frame));
        EXPECT_TRUE(read_heading(frame->body).is_open_intent);
    }
}

TEST(Encoding, SealsWithHmacOverTheLineBeforeTheMac)
{
    const auto key = TrailDirectory::key();
    KeyedMac mac{key};
    ChainPosition position;
    std::string text;
    seal(text, encode_body(intent("a"), noon), position, mac);
    seal(text, encode_body(outcome("a"), noon), position, mac);
    const auto lines = split(text, '\n');
    const auto first = parse_frame(lines[0]);
    const auto second = parse_frame(lines[1]);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->seq, 1U);
    EXPECT_EQ(first->prev, std::string(64, '0'));
    EXPECT_EQ(second->seq, 2U);
    EXPECT_EQ(second->prev, first->mac);
    EXPECT_EQ(lines[0].substr(0, lines[0].find(R"(,"mac":")")), first->sealed);
    // Computed by another implementation, so that any tool can check a line.
    EXPECT_EQ(to_hex(hmac_sha256(key.reveal(), first->sealed)), first->mac);
}

TEST(Encoding, RefusesWhatIsNoLine)
{
    KeyedMac mac{TrailDirectory::key()};
    ChainPosition position;
    std::string good;
    seal(good, encode_body(intent("a"), noon), position, mac);
    good.pop_back();
    ASSERT_TRUE(parse_frame(good));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto frame = parse_frame(std::string_view{good}.substr(0, cut));
        EXPECT_FALSE(frame) << cut;
    }
    EXPECT_FALSE(parse_frame(""));
    EXPECT_FALSE(parse_frame("{}"));
    EXPECT_FALSE(parse_frame(R"({"seq":0,"prev":"x"})"));
    EXPECT_FALSE(parse_frame(std::string(300, '\0')));
}

TEST(Encoding, AnIntentThatCarriesItsOutcomeIsNotOpen)
{
    auto refused = intent("a");
    EXPECT_TRUE(read_heading(encode_body(refused, noon)).is_open_intent);
    refused.outcome = "refused";
    EXPECT_FALSE(read_heading(encode_body(refused, noon)).is_open_intent);
    EXPECT_FALSE(read_heading(encode_body(outcome("a"), noon)).is_open_intent);
    EXPECT_TRUE(read_heading(as_open_body(encode_body(intent("a"), noon))).is_open_intent);
}

TEST(Encoding, AnOpenLineHoldsTheIntentsFields)
{
    const auto body = encode_body(intent("a"), noon);
    const auto open = decode_body(as_open_body(body));
    ASSERT_TRUE(open);
    EXPECT_EQ(open->kind, LineKind::open);
    EXPECT_EQ(open->time, noon);
    EXPECT_EQ(encode_body(open->record, noon), body);
}

}  // namespace
}  // namespace tailops::audit
