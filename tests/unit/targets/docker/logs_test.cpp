#include "targets/docker/logs.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tailops::targets {
namespace {

constexpr auto multiplexed = "application/vnd.docker.multiplexed-stream";
constexpr auto raw = "application/vnd.docker.raw-stream";

std::string frame(char stream, std::string_view payload)
{
    std::string bytes{stream, '\0', '\0', '\0'};
    for (const int shift : {24, 16, 8, 0}) {
        bytes += static_cast<char>(payload.size() >> shift & 0xff);
    }
    return bytes + std::string{payload};
}

/// The text of `bytes`, which arrive in two pieces.
std::string merged(const std::string& content_type, std::string_view bytes, std::size_t cut = 0)
{
    LogMerger merger{content_type};
    auto text = merger.feed(bytes.substr(0, cut));
    text += merger.feed(bytes.substr(cut));
    return text + merger.finish();
}

TEST(LogMerger, PutsTheLinesOfBothStreamsTogetherHoweverTheyArrive)
{
    struct Row {
        std::string_view what;
        std::string bytes;
        std::string text;
    };
    const Row rows[] = {
        {"nothing", "", ""},
        {"one line", frame(1, "a\n"), "a\n"},
        {"both streams in order", frame(1, "a\n") + frame(2, "b\n") + frame(1, "c\n"), "a\nb\nc\n"},
        {"several lines in a frame", frame(1, "a\nb\n"), "a\nb\n"},
        {"a line in several frames", frame(1, "a") + frame(2, "x\n") + frame(1, "b\n"), "x\nab\n"},
        {"no last line end", frame(1, "a\nb"), "a\nb"},
        {"empty lines", frame(1, "\n\na\n"), "\n\na\n"},
        {"an empty frame", frame(1, "") + frame(1, "a\n"), "a\n"},
        {"standard input and the engine's own stream", frame(0, "i\n") + frame(3, "s\n"), "i\ns\n"},
        {"bytes that are no text", frame(1, "a\r\xff\n"), "a\r\xff\n"},
        {"frames that stop", frame(1, "a\nb") + "garbage" + frame(1, "c\n"),
         "a\nbgarbage" + frame(1, "c\n")},
        {"a size that is not true", std::string{"\x01\0\0\0\xff\xff\xff\xff", 8} + "a\n", "a\n"},
        {"a header that is cut off", frame(1, "a\n") + std::string{"\x01\0\0\0\0", 5}, "a\n"},
    };
    for (const auto& row : rows) {
        for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) {
            EXPECT_EQ(merged(multiplexed, row.bytes, cut), row.text) << row.what << ' ' << cut;
        }
    }
}

TEST(LogMerger, PassesATerminalOn)
{
    const std::string text{"one\r\ntwo\r\nthree"};
    for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(merged(raw, text, cut), text);
    EXPECT_EQ(merged(raw, "x"), "x");
}

TEST(LogMerger, LosesNothingOfALongLineAndKeepsLittle)
{
    LogMerger merger{multiplexed};
    std::string text;
    std::size_t held = 0;
    for (int i = 0; i < 100; ++i) {
        text += merger.feed(frame(1, std::string(16 * 1024, 'x')));
        held = std::max(held, 16 * 1024 * static_cast<std::size_t>(i + 1) - text.size());
    }
    text += merger.finish();
    EXPECT_EQ(text, std::string(1600 * 1024, 'x'));
    EXPECT_LE(held, 80 * 1024U);
}

TEST(LogMerger, IsTheSameHoweverAnyBytesArrive)
{
    std::mt19937 random{20261120};
    std::uniform_int_distribution<int> byte{0, 255};
    std::uniform_int_distribution<int> few{0, 3};
    for (int round = 0; round < 500; ++round) {
        std::string bytes = round % 2 == 0 ? frame(1, "x") : "";
        for (int i = 0; i < 64; ++i) {
            bytes += static_cast<char>(round % 3 == 0 ? few(random) : byte(random));
        }
        for (const auto* type : {multiplexed, raw, ""}) {
            const auto whole = merged(type, bytes);
            LogMerger merger{type};
            std::string text;
            for (const char c : bytes) text += merger.feed({&c, 1});
            EXPECT_EQ(text + merger.finish(), whole) << round;
        }
    }
}

TEST(LogFraming, IsToldByTheContentTypeOrTheFirstBytes)
{
    EXPECT_EQ(log_framing_of(multiplexed, "x"), LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of(raw, frame(2, "x")), LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of("", frame(1, "x")), LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of(raw, "hello"), LogFraming::raw);
    EXPECT_EQ(log_framing_of(raw, "\x01hello"), LogFraming::raw);
    EXPECT_EQ(log_framing_of(raw, ""), LogFraming::multiplexed);
}

}  // namespace
}  // namespace tailops::targets
