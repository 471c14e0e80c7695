#include "gateway/runs/output_page.hpp"

#include "gateway/core/text.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace tailops::runs {
namespace {

using testing::numbered_lines;
using tools::OutputPage;
using tools::OutputQuestion;
using Slice = OutputQuestion::Slice;
using Tail = OutputQuestion::Tail;
using Grep = OutputQuestion::Grep;

class OutputPageTest : public ::testing::Test {
protected:
    void put(std::string_view text)
    {
        file_ =
            FileDescriptor{::open(directory_.write("output", text).c_str(), O_RDONLY | O_CLOEXEC)};
    }

    template <class Part>
    Result<OutputPage> ask(Part part, const std::stop_token& stop = {})
    {
        OutputQuestion question{.run = RequestId{"r"}};
        question.part = std::move(part);
        return read_page(file_, question, stop);
    }

    OutputPage grep(std::string pattern, std::size_t context = 0, std::uint64_t offset = 0)
    {
        return ask(Grep{std::move(pattern), context, offset, 1000}).value();
    }

    testing::TemporaryDirectory directory_;
    FileDescriptor file_;
};

TEST_F(OutputPageTest, SlicesAreTheFileByteForByte)
{
    const auto text = numbered_lines(10'000);
    put(text);
    for (const auto ends : {Slice::Ends::anywhere, Slice::Ends::between_lines}) {
        for (const std::size_t size : {1U, 7U, 100U, 9999U, 10'000U, 20'000U}) {
            std::string read;
            std::optional<std::uint64_t> next = 0;
            while (next) {
                const auto page = ask(Slice{*next, size, ends});
                ASSERT_TRUE(page);
                EXPECT_EQ(page->offset, read.size());
                EXPECT_LE(page->bytes.size(), size);
                read += page->bytes;
                next = page->next_offset;
                const bool ends_in_a_line = next && size > 20 && ends == Slice::Ends::between_lines;
                EXPECT_TRUE(!ends_in_a_line || page->bytes.ends_with('\n'));
            }
            EXPECT_EQ(read, text) << size;
        }
    }
}

TEST_F(OutputPageTest, ASliceOfALongLineEndsBetweenCharacters)
{
    std::string text;
    while (text.size() < 1000) text += "ü€🚀";
    put(text);
    for (std::size_t size = 8; size < 40; ++size) {
        std::string read;
        for (std::optional<std::uint64_t> next = 0; next;) {
            const auto page = ask(Slice{*next, size, Slice::Ends::between_lines}).value();
            EXPECT_TRUE(is_valid_utf8(page.bytes)) << size;
            read += page.bytes;
            next = page.next_offset;
        }
        EXPECT_EQ(read, text) << size;
    }
}

TEST_F(OutputPageTest, BytesThatAreNoTextEndAPageToo)
{
    const std::string text(500, '\x80');
    put(text);
    const auto page = ask(Slice{0, 100, Slice::Ends::between_lines}).value();
    EXPECT_EQ(page.bytes.size(), 100U);
    EXPECT_EQ(page.next_offset, 100U);
}

TEST_F(OutputPageTest, BeyondTheEndThereIsNothing)
{
    put("abc");
    const auto page = ask(Slice{10, 5}).value();
    EXPECT_EQ(page.bytes, "");
    EXPECT_EQ(page.offset, 3U);
    EXPECT_FALSE(page.next_offset);
}

TEST_F(OutputPageTest, TailIsTheLastLines)
{
    struct Row {
        const char* text;
        std::size_t lines;
        std::size_t bytes_max;
        const char* tail;
    };
    const Row rows[] = {
        {"", 3, 100, ""},
        {"a", 3, 100, "a"},
        {"a\nb\nc\n", 2, 100, "b\nc\n"},
        {"a\nb\nc", 2, 100, "b\nc"},
        {"a\nb\n", 5, 100, "a\nb\n"},
        {"a\n\n\n", 2, 100, "\n\n"},
        // Fewer lines than asked for fit: only whole ones are shown.
        {"aaaa\nbb\ncc\n", 3, 8, "bb\ncc\n"},
        // A long line is shown from where it fits on.
        {"aaaaaaaaaa", 1, 4, "aaaa"},
    };
    for (const auto& row : rows) {
        put(row.text);
        const auto page = ask(Tail{row.lines, row.bytes_max}).value();
        EXPECT_EQ(page.bytes, row.tail) << row.text;
        EXPECT_EQ(page.offset, std::string_view{row.text}.size() - page.bytes.size());
    }
}

TEST_F(OutputPageTest, GrepNumbersItsLines)
{
    put("one\ntwo\nthree\r\nfour\nfive\nsix\nseven");
    const auto found = grep("e$");
    EXPECT_EQ(found.bytes, "1:one\n3:three\n5:five\n");
    EXPECT_EQ(found.matches, 3U);
    EXPECT_FALSE(found.next_offset);
    EXPECT_EQ(grep("seven").bytes, "7:seven\n");
    EXPECT_EQ(grep("(?i)TWO").bytes, "2:two\n");
    EXPECT_EQ(grep("eight").bytes, "");
}

TEST_F(OutputPageTest, GrepShowsTheLinesAround)
{
    put("1\n2\nx\n4\n5\n6\n7\nx\nx\n10\n");
    EXPECT_EQ(grep("x", 1).bytes, "2-2\n3:x\n4-4\n--\n7-7\n8:x\n9:x\n10-10\n");
    EXPECT_EQ(grep("x", 2).bytes, "1-1\n2-2\n3:x\n4-4\n5-5\n6-6\n7-7\n8:x\n9:x\n10-10\n");
}

TEST_F(OutputPageTest, GrepGoesOnWhereAPageWasFull)
{
    const auto text = numbered_lines(20'000);
    put(text);
    std::string lines;
    std::uint64_t matches = 0;
    std::optional<std::uint64_t> next = 0;
    int pages = 0;
    for (; next; ++pages) {
        const auto page = grep("7$", 0, *next);
        EXPECT_LE(page.bytes.size(), 1000U);
        lines += page.bytes;
        matches += page.matches;
        next = page.next_offset;
    }
    EXPECT_GT(pages, 3);
    std::string expected;
    std::size_t number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        if (line.ends_with('7'))
            expected += std::to_string(number) + ':' + std::string{line} + '\n';
    }
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(matches, std::ranges::count(expected, '\n'));
}

TEST_F(OutputPageTest, GrepClipsALongLineAndFindsItsEnd)
{
    put(std::string(1'000'000, 'a') + "needle\nb\n");
    const auto found = ask(Grep{"needle", 0, 0, 1000}).value();
    EXPECT_EQ(found.matches, 1U);
    EXPECT_LT(found.bytes.size(), 2100U);
    EXPECT_FALSE(found.next_offset);
}

TEST_F(OutputPageTest, GrepRefusesWhatIsNoExpression)
{
    put("a\n");
    const auto wrong = ask(Grep{"(", 0, 0, 100});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Errc::invalid_argument);
    // What would take exponential time elsewhere is linear here; what takes much memory is refused.
    put(std::string(100'000, 'a') + "\n");
    EXPECT_TRUE(ask(Grep{"(a*)*b", 0, 0, 100}));
    EXPECT_FALSE(ask(Grep{"((a{1,100}){1,100}){1,100}", 0, 0, 100}));
}

TEST_F(OutputPageTest, GrepStopsWhenItIsToldTo)
{
    put("a\n");
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(ask(Grep{"a", 0, 0, 100}, source.get_token()).error().code(), Errc::cancelled);
}

}  // namespace
}  // namespace tailops::runs
