#include "gateway/core/digest.hpp"

#include <gtest/gtest.h>

namespace tailops {
namespace {

TEST(Digest, MatchesPublishedVectors)
{
    // FIPS 180-2 appendix B.1; RFC 4231 test case 2.
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hex, IsWhatToHexWrites)
{
    EXPECT_TRUE(is_hex(to_hex(sha256("x"))));
    EXPECT_TRUE(is_hex("0123456789abcdef"));
    EXPECT_TRUE(is_hex(""));
    for (const auto* other : {"A", "g", "/", ":", "`", "0x", " 0", "0\n"}) {
        EXPECT_FALSE(is_hex(other)) << other;
    }
}

TEST(Base64, MatchesRfc4648Section10)
{
    const std::pair<const char*, const char*> rows[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    for (const auto& [plain, coded] : rows) {
        EXPECT_EQ(to_base64(plain), coded);
        EXPECT_EQ(*from_base64(coded), plain);
        EXPECT_EQ(*from_base64url(to_base64url(plain)), plain);
    }
}

TEST(Base64, RefusesWhatIsNotCanonical)
{
    for (const auto* bad : {"Zg", "Zg=", "Zh==", "Z", "Zm9v====", "Z!==", "Zm 9"}) {
        EXPECT_FALSE(from_base64(bad)) << bad;
    }
    EXPECT_FALSE(from_base64url("Zh"));
    EXPECT_FALSE(from_base64url("a+b/"));
}

TEST(RandomBytes, DoNotRepeat)
{
    EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(EqualInConstantTime, Compares)
{
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace tailops
