#include "targets/docker/logs.hpp"

#include "gateway/core/text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tailops::targets {
namespace {

using Stream = LogLine::Stream;

std::string frame(char stream, std::string_view payload)
{
    std::string bytes{stream, '\0', '\0', '\0'};
    for (const int shift : {24, 16, 8, 0}) {
        bytes += static_cast<char>(payload.size() >> shift & 0xff);
    }
    return bytes + std::string{payload};
}

/// "o:text" and "e:text" for each line.
std::vector<std::string> in_short(const LogText& text)
{
    std::vector<std::string> lines;
    for (const auto& line : text.lines) {
        lines.push_back((line.stream == Stream::errors ? "e:" : "o:") + line.text);
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(ReadLogs, PutsTheLinesOfBothStreamsTogether)
{
    struct Row {
        std::string_view what;
        std::string bytes;
        Lines lines;
    };
    const Row rows[] = {
        {"nothing", "", {}},
        {"one line", frame(1, "a\n"), {"o:a"}},
        {"both streams in order",
         frame(1, "a\n") + frame(2, "b\n") + frame(1, "c\n"),
         {"o:a", "e:b", "o:c"}},
        {"several lines in a frame", frame(1, "a\nb\n"), {"o:a", "o:b"}},
        {"a line in several frames",
         frame(1, "a") + frame(2, "x\n") + frame(1, "b\n"),
         {"e:x", "o:ab"}},
        {"no last line end", frame(1, "a\nb"), {"o:a", "o:b"}},
        {"empty lines", frame(1, "\n\na\n"), {"o:", "o:", "o:a"}},
        {"an empty frame", frame(1, "") + frame(1, "a\n"), {"o:a"}},
        {"standard input and the engine's own stream",
         frame(0, "i\n") + frame(3, "s\n"),
         {"o:i", "e:s"}},
        {"a carriage return", frame(1, "a\r\n"), {"o:a"}},
        {"invalid UTF-8", frame(1, "a\xff\n"), {"o:a\xef\xbf\xbd"}},
    };
    for (const auto& row : rows) {
        const auto text = read_logs(row.bytes, LogFraming::multiplexed);
        EXPECT_EQ(in_short(text), row.lines) << row.what;
        EXPECT_FALSE(text.clipped || text.cut_off || text.malformed) << row.what;
    }
}

TEST(ReadLogs, ReadsATerminalAsItIs)
{
    const auto text = read_logs("one\r\ntwo\r\nthree", LogFraming::raw);
    EXPECT_EQ(in_short(text), (Lines{"o:one", "o:two", "o:three"}));
}

TEST(ReadLogs, TakesAStreamCutOffAnywhere)
{
    const auto bytes = frame(1, "first\n") + frame(2, "second\n") + frame(1, "third\n");
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto text =
            read_logs(std::string_view{bytes}.substr(0, cut), LogFraming::multiplexed);
        EXPECT_FALSE(text.malformed) << cut;
        EXPECT_EQ(text.cut_off, cut != 0 && cut != 14 && cut != 29 && cut != bytes.size()) << cut;
        EXPECT_LE(text.lines.size(), 3U);
        if (cut >= 14) {
            EXPECT_EQ(text.lines.front().text, "first");
        }
    }
}

TEST(ReadLogs, StopsWhereFramesStop)
{
    const auto text =
        read_logs(frame(1, "a\n") + "garbage" + frame(1, "b\n"), LogFraming::multiplexed);
    EXPECT_TRUE(text.malformed);
    EXPECT_EQ(in_short(text), (Lines{"o:a"}));
}

TEST(ReadLogs, DoesNotBelieveASize)
{
    const auto text =
        read_logs(std::string{"\x01\0\0\0\xff\xff\xff\xff", 8} + "a\n", LogFraming::multiplexed);
    EXPECT_TRUE(text.cut_off);
    EXPECT_EQ(in_short(text), (Lines{"o:a"}));
}

TEST(ReadLogs, KeepsItsBounds)
{
    const LogBounds bounds{.lines_max = 2, .line_bytes_max = 3};
    auto text = read_logs("abc\r\ndef\n", LogFraming::raw, bounds);
    EXPECT_EQ(in_short(text), (Lines{"o:abc", "o:def"}));
    EXPECT_FALSE(text.clipped);
    text = read_logs("abcd\ne\n", LogFraming::raw, bounds);
    EXPECT_EQ(in_short(text), (Lines{"o:abc", "o:e"}));
    EXPECT_TRUE(text.clipped);
    text = read_logs("a\nb\nc\n", LogFraming::raw, bounds);
    EXPECT_EQ(in_short(text), (Lines{"o:a", "o:b"}));
    EXPECT_TRUE(text.clipped);
}

TEST(ReadLogs, TakesAnyBytes)
{
    std::mt19937 random{20261120};
    std::uniform_int_distribution<int> byte{0, 255};
    std::uniform_int_distribution<int> few{0, 3};
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = round % 2 == 0 ? frame(1, "x") : "";
        for (int i = 0; i < 64; ++i) {
            bytes += static_cast<char>(round % 3 == 0 ? few(random) : byte(random));
        }
        for (const auto framing : {LogFraming::multiplexed, LogFraming::raw}) {
            for (const auto& line : read_logs(bytes, framing).lines) {
                EXPECT_TRUE(is_valid_utf8(line.text));
                EXPECT_EQ(line.text.find('\n'), std::string::npos);
            }
        }
    }
}

TEST(LogFraming, IsToldByTheContentTypeOrTheFirstBytes)
{
    const std::string raw_type{"application/vnd.docker.raw-stream"};
    EXPECT_EQ(log_framing_of("application/vnd.docker.multiplexed-stream", "x"),
              LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of(raw_type, frame(2, "x")), LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of("", frame(1, "x")), LogFraming::multiplexed);
    EXPECT_EQ(log_framing_of(raw_type, "hello"), LogFraming::raw);
    EXPECT_EQ(log_framing_of(raw_type, "\x01hello"), LogFraming::raw);
    EXPECT_EQ(log_framing_of(raw_type, ""), LogFraming::multiplexed);
}

}  // namespace
}  // namespace tailops::targets
