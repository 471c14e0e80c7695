#include "gateway/net/chunks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tailops::net {
namespace {

/// A chunked body, in pieces of `step` bytes.
struct Chunks {
    std::optional<ChunkFault> fault;
    std::string body;
    std::string rest;
    bool is_complete{false};
};
Chunks read_chunks(std::string_view text, std::size_t step, std::size_t max = 1000)
{
    ChunkDecoder decoder{max};
    Chunks got;
    while (!text.empty() && !decoder.is_complete()) {
        got.rest += text.substr(0, step);
        text.remove_prefix(std::min(step, text.size()));
        const auto taken = decoder.decode(got.rest, got.body);
        if (!taken) {
            got.fault = taken.error();
            return got;
        }
        got.rest.erase(0, *taken);
    }
    got.is_complete = decoder.is_complete();
    got.rest += text;
    return got;
}

TEST(ChunkDecoder, DecodesHoweverTheBytesArrive)
{
    const std::string text =
        "4\r\nWiki\r\n5;a=b\r\npedia\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\nGET";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        const auto got = read_chunks(text, step);
        EXPECT_FALSE(got.fault) << step;
        EXPECT_TRUE(got.is_complete) << step;
        EXPECT_EQ(got.body, "Wikipedia0123456789") << step;
        EXPECT_EQ(got.rest, "GET") << step;
    }
}

TEST(ChunkDecoder, DecodesAnEmptyBodyHoweverItArrives)
{
    const std::string text = "0\r\n\r\nGET";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        const auto got = read_chunks(text, step);
        EXPECT_TRUE(got.is_complete) << step;
        EXPECT_EQ(got.body, "") << step;
        EXPECT_EQ(got.rest, "GET") << step;
    }
}

TEST(ChunkDecoder, RefusesBrokenChunks)
{
    for (const std::string_view text :
         {"zz\r\n", "-1\r\n", "4 \nbody\r\n0\r\n\r\n", "4\nbody\r\n0\r\n\r\n",
          "4\r\nbodyX\r\n0\r\n\r\n", "\r\n", "0x4\r\nbody\r\n0\r\n\r\n", "11111111111111111\r\n",
          "0\r\nContent-Length: 4\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n",
          "0\r\nbroken\r\n\r\n", "4;\x01\r\nbody", "4\r\nbody\n", "0\r\n folded: x\r\n",
          "0\r\nT: x\n\n", "4 4\r\nbody"}) {
        const auto got = read_chunks(text, text.size());
        EXPECT_EQ(got.fault, ChunkFault::malformed) << text;
        EXPECT_FALSE(got.is_complete) << text;
    }
    EXPECT_EQ(read_chunks("4;" + std::string(20'000, 'x'), 1000).fault, ChunkFault::malformed);
    EXPECT_EQ(read_chunks("0\r\n" + std::string(20'000, 'x'), 1000).fault, ChunkFault::malformed);
}

TEST(ChunkDecoder, BoundsTheBody)
{
    EXPECT_EQ(read_chunks("5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n", 3, 10).body, "abcdefghij");
    EXPECT_EQ(read_chunks("5\r\nabcde\r\n6\r\nfghijk\r\n0\r\n\r\n", 3, 10).fault,
              ChunkFault::too_large);
    EXPECT_EQ(read_chunks("b\r\n", 3, 10).fault, ChunkFault::too_large);
    EXPECT_EQ(read_chunks("FFFFFFFFFFFFFFFF\r\n", 30, 10).fault, ChunkFault::too_large);
}

}  // namespace
}  // namespace tailops::net
