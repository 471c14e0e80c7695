#include "gateway/core/secret_scan.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

/// No secret here is one: keys and tokens are made up.
namespace tailops {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const KnownSecrets nothing_known;

std::string repeated(std::string_view piece, std::size_t bytes)
{
    std::string out;
    while (out.size() < bytes) out += piece;
    return out;
}

/// Characters as a generator of keys would give them, always the same.
std::string random_text(std::size_t length, std::string_view alphabet, unsigned seed = 7)
{
    std::string out;
    for (std::size_t i = 0; i < length; ++i) {
        seed = seed * 1'103'515'245U + 12'345U;
        out += alphabet[(seed >> 16U) % alphabet.size()];
    }
    return out;
}
constexpr std::string_view alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string pem(std::string_view label, int lines)
{
    std::string out = "-----BEGIN " + std::string{label} + "-----\n";
    for (int i = 0; i < lines; ++i) {
        out += random_text(64, base64, static_cast<unsigned>(i) + 1) + '\n';
    }
    return out + "Qm9i\n-----END " + std::string{label} + "-----\n";
}

std::string shown(std::string_view text)
{
    return without_secrets(text, nothing_known);
}

struct Shape {
    const char* name;
    std::string text;
    std::string secret;  // no part of which is shown
    const char* mark;
};
class SecretShapes : public ::testing::TestWithParam<Shape> {};

TEST_P(SecretShapes, AreTakenOutWhereverTheyStand)
{
    const auto& [name, text, secret, mark] = GetParam();
    for (const auto* frame : {"%", "before % behind", "a\n%\nb", "\"%\"", "key: %", "<%>", "(%)"}) {
        std::string whole{frame};
        whole.replace(whole.find('%'), 1, text);
        const auto out = shown(whole);
        EXPECT_EQ(out.find(secret), std::string::npos) << out;
        EXPECT_THAT(out, HasSubstr(mark)) << whole;
        // Nor is a part of it left that would be of use.
        EXPECT_EQ(out.find(secret.substr(secret.size() / 2)), std::string::npos) << out;
    }
    EXPECT_THAT(shown("before " + text + " behind"), ::testing::StartsWith("before "));
    EXPECT_THAT(shown("before " + text + " behind"), ::testing::EndsWith(" behind"));
}

std::vector<Shape> shapes()
{
    const auto r = [](std::size_t length, unsigned seed = 3) {
        return "aB3" + random_text(length - 3, alnum, seed);
    };
    const auto token = [&](const char* name, const std::string& text) {
        return Shape{name, text, text, "[redacted: token]"};
    };
    const auto hash = [&](const char* name, const std::string& text) {
        return Shape{name, text, text, "[redacted: password hash]"};
    };
    const auto jwt = "eyJ" + r(33) + ".eyJ" + r(60) + '.' + r(43);
    const auto key = pem("RSA PRIVATE KEY", 20);
    const auto coded = to_base64(pem("PRIVATE KEY", 5));
    return {
        token("gateway_token", "tailops_" + r(43)),
        token("github", "ghp_" + r(36)),
        token("github_fine", "github_pat_" + r(22) + '_' + r(59)),
        token("gitlab", "glpat-" + r(20)),
        token("slack", "xoxb-" + r(40)),
        token("tailscale", "tskey-auth-k" + r(10) + "-" + r(30)),
        token("openai", "sk-proj-" + r(40)),
        token("anthropic", "sk-ant-api03-" + r(80)),
        token("stripe", "sk_live_" + r(24)),
        token("npm", "npm_" + r(36)),
        token("docker_hub", "dckr_pat_" + r(27)),
        token("vault", "hvs." + r(90)),
        token("google", "AIza" + r(35)),
        token("jwt", jwt),
        {"aws_id", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "[redacted: AWS key]"},
        {"aws_secret", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[redacted: AWS key]"},
        {"wireguard", "PrivateKey = " + random_text(43, alnum) + '=', random_text(43, alnum),
         "[redacted: private key]"},
        {"proxmox", "PVEAPIToken=root@pam!ci=8f14e45f-ceea-467f-9575-6f2c1d8a5b31",
         "8f14e45f-ceea-467f-9575-6f2c1d8a5b31", "[redacted: token]"},
        {"bearer", "Authorization: Bearer " + r(32), r(32), "[redacted: credential]"},
        {"basic", "authorization: basic dXNlcjpQYXNzMTIzNDU2", "dXNlcjpQYXNzMTIzNDU2",
         "[redacted: credential]"},
        {"url", "postgres://app:hunter2!@db.internal:5432/app", "hunter2!", "[redacted: password]"},
        hash("sha512", "$6$rounds=5000$saltsalt$" + random_text(86, alnum)),
        hash("yescrypt", "$y$j9T$" + r(22) + '$' + random_text(43, alnum)),
        hash("bcrypt", "$2b$12$" + random_text(53, alnum)),
        hash("argon2", "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" + random_text(43, alnum)),
        {"pem", key, key.substr(80, 400), "[redacted: private key]"},
        {"pem_openssh", pem("OPENSSH PRIVATE KEY", 6), random_text(64, base64, 3),
         "[redacted: private key]"},
        {"pem_in_base64", coded, coded.substr(60, 60), "[redacted: private key]"},
    };
}
INSTANTIATE_TEST_SUITE_P(All, SecretShapes, ::testing::ValuesIn(shapes()), [](const auto& row) {
    return row.param.name;
});

TEST(SecretScan, LeavesOrdinaryTextAlone)
{
    const std::array<std::string, 30> ordinary = {
        "root:x:0:0:root:/root:/bin/bash",
        "root:*:20228:0:99999:7:::",
        "Nov 30 18:00:01 web sshd[812]: Accepted publickey for bob from 10.0.0.7 port 51122 ssh2: "
        "ED25519 SHA256:zY1Wc1h0s0l0nGf1ngerpr1ntQ0pJmC6eX7Tt0a9b2A",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBq0Zl5l0m1YQJ8F3v6pG9cXh2eKz0WJt4o1sLrNaB7d bob@web",
        "-----BEGIN "
        "CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQm9iQm9iQm9iQm9iQm9iQm9iQm8wCgYIKoZIzj0EAwIw\n"
        "-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC "
        "KEY-----",
        "look for a line that says -----BEGIN PRIVATE KEY----- in the file, then copy the rest",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 82c3008d0f5b7a9e1c2d3b4a5968778695a4b3c2",
        "disk-usage is at 93%, task-runner-2024 restarted, sk-learn-contrib installed",
        "tailops_mcp_client_downgrades_total 0",
        "npm_config_registry_location=https://registry.npmjs.org/",
        "the bearer of news, a basic understanding, Basic AUTH is off",
        "uuid 8f14e45f-ceea-467f-9575-6f2c1d8a5b31",
        "https://example.com/a@b?x=1#frag and user@example.com and http://host:8080/",
        "ftp://anonymous@ftp.example.com/",
        "PATH=/usr/bin:/bin password=hunter2 token: none",
        "echo $1 $2 $HOME $$ ${x}$y$z; awk '{print $1$2$3}'",
        "cost is $6$ or $5$ per month, $1$usr",
        "eyJ is how a token begins; eyJhbGciOiJub25lIn0 alone is none",
        "AKIA is a prefix; AKIAB too; AKIAIOSFODNN7EXAMPLEANDMORE is longer",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
        "PrivateKeyFile = /etc/wireguard/key",
        "ghp_short glpat-x xoxb-1 tskey-a hvs.x AIzaShort hf_model_name_of_an_ordinary_kind",
        "Listening on [::]:443 as https://[::]:443/",
        "memory: 12345678901234567890123456789012345678901234567890",
        "aGVsbG8gd29ybGQgdGhpcyBpcyBqdXN0IHNvbWUgYmFzZTY0IHRleHQgb2Ygbm8gdXNl",
        "\xE2\x82\xAC and \xFF\xFE and \x01",
        "Cookie: theme=dark",
        "",
    };
    for (const auto& text : ordinary) {
        EXPECT_EQ(shown(text), text);
        StreamScrubber stream{std::make_shared<const KnownSecrets>()};
        EXPECT_EQ(stream.add(text) + stream.finish(), text);
        EXPECT_TRUE(stream.kinds().empty());
    }
}

TEST(SecretScan, KnowsThoseOfTheRegistryInAllTheirSpellings)
{
    SecretRegistry registry;
    registry.add(Secret{"hunter2 \"of\" ours/+"});
    registry.add(Secret{"tiny"});
    registry.add(Secret{"<p\u00f6s&t>/ours"});
    const auto known = registry.known();
    for (const auto& text :
         {std::string{"hunter2 \"of\" ours/+"}, to_base64("hunter2 \"of\" ours/+"),
          std::string{"hunter2 \\\"of\\\" ours/+"}, std::string{"hunter2 \\\"of\\\" ours\\/+"},
          std::string{"hunter2%20%22of%22%20ours%2F%2B"},
          std::string{"hunter2%20%22of%22%20ours/%2B"}, std::string{"<p\u00f6s&t>/ours"},
          std::string{R"(\u003cp\u00f6s\u0026t\u003e/ours)"}, std::string{R"(<p\u00f6s&t>/ours)"},
          std::string{R"(<p\u00f6s&t>\/ours)"},
          std::string{"\\u003cp\u00f6s\\u0026t\\u003e/ours"}}) {
        EXPECT_EQ(without_secrets("x " + text + " y", *known),
                  "x [redacted: secret of the gateway] y");
    }
    EXPECT_EQ(without_secrets("a tiny thing", *known), "a tiny thing");
}

TEST(SecretScan, KnowsOneThatWasCutShort)
{
    SecretRegistry registry;
    const auto secret = random_text(200, alnum);
    registry.add(Secret{secret});
    const auto known = registry.known();
    const auto quoted = quote("no tool is named " + secret);
    ASSERT_THAT(quoted, ::testing::EndsWith("...\""));
    EXPECT_EQ(without_known(quoted, *known), "\"no tool is named [redacted]...\"");
    EXPECT_EQ(without_known("it begins with " + secret.substr(0, 16), *known),
              "it begins with [redacted]");
    // Whoever begins like it and goes on otherwise is not it.
    const auto other = secret.substr(0, 100) + "!" + secret.substr(101);
    EXPECT_EQ(without_known(other, *known), other);
    EXPECT_EQ(without_known(secret.substr(0, 15), *known), secret.substr(0, 15));
}

TEST(SecretScan, LearnsWhatIsAddedLaterAndForgetsNothing)
{
    SecretRegistry registry;
    const auto before = registry.known();
    registry.add(Secret{"first-credential-000"});
    registry.add(Secret{"second-credential-111"});
    EXPECT_EQ(without_secrets("first-credential-000", *before), "first-credential-000");
    const auto out =
        without_secrets("first-credential-000 second-credential-111", *registry.known());
    EXPECT_THAT(out, Not(HasSubstr("credential-0")));
    EXPECT_THAT(out, Not(HasSubstr("credential-1")));
}

TEST(SecretScan, MarksThemInEveryStringOfAResult)
{
    nlohmann::json value{{"output", "a ghp_0123456789abcdefABCDEF0123456789abcd b"},
                         {"list", {"AKIAIOSFODNN7EXAMPLE", 7, nullptr}},
                         {"ghp_0123456789abcdefABCDEF0123456789abcd", true}};
    std::set<std::string> kinds;
    redact_secrets(value, nothing_known, kinds);
    EXPECT_EQ(dump_json(value),
              R"({"[redacted: token]":true,"list":["[redacted: AWS key]",7,null],)"
              R"("output":"a [redacted: token] b"})");
    EXPECT_EQ(kinds, (std::set<std::string>{"AWS key", "token"}));
}

/// All that comes out of a stream which comes in pieces of so many bytes.
std::string streamed(std::string_view text,
                     std::size_t piece,
                     std::shared_ptr<const KnownSecrets> known)
{
    StreamScrubber stream{std::move(known)};
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece)
        out += stream.add(text.substr(at, piece));
    return out + stream.finish();
}

TEST(StreamScrubber, FindsThemAcrossEveryBorder)
{
    SecretRegistry registry;
    registry.add(Secret{"a-secret-of-the-gateway"});
    const auto known = registry.known();
    const auto key = pem("RSA PRIVATE KEY", 48);
    const auto text = repeated("an ordinary line of a log\n", 40'000) +
                      "a-secret-of-the-gateway\n" + key + "Bearer " + random_text(40, alnum) +
                      "1A\n" + repeated("more of the log\n", 50'000) + "ghp_" +
                      random_text(36, alnum) + "\n" + pem("PRIVATE KEY", 200) +
                      repeated("the end\n", 33'000);
    const auto whole = streamed(text, text.size(), known);
    EXPECT_EQ(whole.size(), text.size());
    EXPECT_EQ(std::ranges::count(whole, '\n'), std::ranges::count(text, '\n'));
    for (const auto* secret : {"a-secret-of", "-----BEGIN", "-----END", "ghp_"}) {
        EXPECT_EQ(whole.find(secret), std::string::npos) << secret;
    }
    for (int line = 1; line <= 200; ++line) {
        EXPECT_EQ(whole.find(random_text(64, base64, static_cast<unsigned>(line))),
                  std::string::npos);
    }
    EXPECT_THAT(whole, HasSubstr("[redacted: private key]****"));
    EXPECT_THAT(whole, HasSubstr("more of the log\n"));
    EXPECT_THAT(whole, ::testing::EndsWith("the end\n"));
    for (const std::size_t piece : {1UL, 7UL, 63UL, 1000UL, 4096UL, 16'384UL, 65'536UL}) {
        EXPECT_EQ(streamed(text, piece, known), whole) << piece;
    }
}

TEST(StreamScrubber, HidesAKeyThatIsLongerThanItLooksAhead)
{
    const auto key = pem("PGP PRIVATE KEY BLOCK", 1200);
    const auto text = "before\n" + key + "behind\n";
    for (const std::size_t piece : {500UL, 100'000UL}) {
        const auto out = streamed(text, piece, std::make_shared<const KnownSecrets>());
        EXPECT_EQ(out.size(), text.size());
        for (int line = 1; line < 1200; ++line) {
            ASSERT_EQ(out.find(random_text(64, base64, static_cast<unsigned>(line))),
                      std::string::npos)
                << line;
        }
        EXPECT_THAT(out, ::testing::StartsWith("before\n"));
        EXPECT_THAT(out, ::testing::EndsWith("behind\n"));
    }
}

TEST(StreamScrubber, HidesATokenThatGoesOnAndOn)
{
    const auto token = "xoxb-" + random_text(200'000, alnum);
    const auto out = streamed("a " + token + " b", 999, std::make_shared<const KnownSecrets>());
    EXPECT_EQ(out.size(), token.size() + 4);
    EXPECT_THAT(out, ::testing::StartsWith("a [redacted: token]***"));
    EXPECT_THAT(out, ::testing::EndsWith("*** b"));
    EXPECT_EQ(out.find(token.substr(100'000, 20)), std::string::npos);
}

TEST(StreamScrubber, LeavesJsonValid)
{
    const nlohmann::json document{{"key", pem("PRIVATE KEY", 5)},
                                  {"lines",
                                   {"-----BEGIN PRIVATE KEY-----", random_text(64, base64),
                                    "-----END PRIVATE KEY-----", "after"}},
                                  {"token", "ghp_" + random_text(36, alnum)},
                                  {"name", "web"}};
    const auto out = streamed(dump_json(document), 10, std::make_shared<const KnownSecrets>());
    const auto read = parse_json(out);
    ASSERT_TRUE(read) << out;
    EXPECT_EQ(read->at("name"), "web");
    EXPECT_EQ(read->at("lines").at(3), "after");
    EXPECT_EQ(out.find(random_text(64, base64)), std::string::npos);
    EXPECT_EQ(out.find(random_text(64, base64, 2)), std::string::npos);
}

TEST(StreamScrubber, GoesOnHidingAKeyBehindALineOfOurScripts)
{
    const std::string text = "-----BEGIN PRIVATE KEY-----\n@@tailops:5b1e8f2c9d47:content@@\n" +
                             random_text(64, base64) + "\nQm9i\nand then a text\n";
    const auto out = streamed(text, 5, std::make_shared<const KnownSecrets>());
    EXPECT_THAT(out, HasSubstr("\n@@tailops:5b1e8f2c9d47:content@@\n****"));
    EXPECT_THAT(out, HasSubstr("\n****\nand then a text\n"));
}

/// What it costs to look through `text`.
std::size_t steps(std::string_view text, Suspicion suspicion, const KnownSecrets& known)
{
    SecretScan scan{text, known, suspicion};
    std::size_t at = 0;
    while (const auto found = scan.next(at, text.size())) at = std::max(found->end, at + 1);
    return scan.steps();
}

TEST(SecretScan, TakesTimeInProportionToTheText)
{
    SecretRegistry registry;
    for (int i = 0; i < 20; ++i) registry.add(Secret{"aaaaaaaa" + std::to_string(i) + "-secret"});
    const auto known = registry.known();
    for (const auto* piece : {"key=x;",
                              "password=",
                              "://",
                              "a://b@c ",
                              "ghp_/",
                              "ghp_",
                              "eyJ",
                              "eyJ.",
                              "eyJa.eyJ/",
                              "a",
                              "-----BEGIN ",
                              "-----BEGIN PRIVATE KEY-----",
                              "-----BEGIN PRIVATE KEY-----\n",
                              "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n",
                              "bearer ",
                              "basic A=",
                              "$6$",
                              "$",
                              "sk-",
                              "\"password\":",
                              "X-Api-Key: ",
                              "\\n",
                              "aaaaaaaa1-",
                              "tskey-",
                              "LS0tLS1CRUdJTiB",
                              "AKIA",
                              "PVEAPIToken=",
                              "secret_access_key=",
                              "privatekey ",
                              "b3BlbnNzaC1rZXktdjE "}) {
        for (const auto suspicion : {Suspicion::sure, Suspicion::wary}) {
            const auto once = steps(repeated(piece, 10'000), suspicion, *known);
            const auto more = steps(repeated(piece, 40'000), suspicion, *known);
            EXPECT_LE(more, 5 * once) << piece;
            EXPECT_LE(more, 40'000U * 300U) << piece;
        }
    }
}

}  // namespace
}  // namespace tailops
