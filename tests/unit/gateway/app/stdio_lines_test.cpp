#include "gateway/app/stdio_lines.hpp"

#include "gateway/async/blocking.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace tailops::app {
namespace {

struct Pipe {
    Pipe()
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        out = FileDescriptor{ends[0]};
        in = FileDescriptor{ends[1]};
    }
    void write(std::string_view text) const
    {
        EXPECT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::string read(std::size_t bytes) const
    {
        std::string text(bytes, '\0');
        const auto got = ::read(out.get(), text.data(), bytes);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    FileDescriptor out;
    FileDescriptor in;
};

/// The client's ends of both pipes beside the lines.
struct Wire {
    explicit Wire(StdioLines::Bounds bounds = {})
    {
        auto made = StdioLines::over(std::move(to_us.out), std::move(from_us.in), bounds);
        EXPECT_TRUE(made);
        if (made) lines = *std::move(made);
    }
    Pipe to_us;
    Pipe from_us;
    std::unique_ptr<StdioLines> lines;
};

void on_strand(std::function<Task<void>(Runtime&)> body)
{
    testing::run([&](Runtime& runtime) { return body(runtime); });
}

Task<std::string> line_of(StdioLines& lines)
{
    auto line = co_await lines.read();
    if (!line) co_return "error: " + line.error().public_message();
    co_return line->value_or("(end)");
}

// The daemon ignores SIGPIPE (gateway/app/daemon.cpp): a client that is gone is an error here.
[[maybe_unused]] const auto ignored = ::signal(SIGPIPE, SIG_IGN);

TEST(StdioLines, ReadsLineByLineHoweverTheyArrive)
{
    on_strand([](Runtime&) -> Task<void> {
        Wire wire;
        wire.to_us.write("one\ntw");
        EXPECT_EQ(co_await line_of(*wire.lines), "one");
        wire.to_us.write("o\n\nlast");
        EXPECT_EQ(co_await line_of(*wire.lines), "two");
        EXPECT_EQ(co_await line_of(*wire.lines), "");
        wire.to_us.in = {};
        EXPECT_EQ(co_await line_of(*wire.lines), "last");
        EXPECT_EQ(co_await line_of(*wire.lines), "(end)");
        EXPECT_EQ(co_await line_of(*wire.lines), "(end)");
    });
}

TEST(StdioLines, SkipsALineThatIsTooLong)
{
    on_strand([](Runtime&) -> Task<void> {
        Wire wire{{.line_bytes_max = 8}};
        wire.to_us.write("12345678\n123456789\nnext\n");
        EXPECT_EQ(co_await line_of(*wire.lines), "12345678");
        EXPECT_EQ(co_await line_of(*wire.lines), "error: a message holds at most 8 bytes");
        EXPECT_EQ(co_await line_of(*wire.lines), "next");
        // Also one whose end has not come when it is refused.
        wire.to_us.write("123456789");
        EXPECT_EQ(co_await line_of(*wire.lines), "error: a message holds at most 8 bytes");
        wire.to_us.write("123456789");
        wire.to_us.write("12\nthen\n");
        EXPECT_EQ(co_await line_of(*wire.lines), "then");
    });
}

TEST(StdioLines, EndsAReadThatWaitsWhenClosed)
{
    on_strand([](Runtime&) -> Task<void> {
        Wire wire;
        const auto home = co_await boost::asio::this_coro::executor;
        boost::asio::post(home, [&] { wire.lines->close(); });
        EXPECT_EQ(co_await line_of(*wire.lines), "(end)");
    });
}

TEST(StdioLines, ReadsAndWritesFiles)
{
    on_strand([](Runtime&) -> Task<void> {
        const auto path =
            std::filesystem::temp_directory_path() / ("stdio_lines." + std::to_string(::getpid()));
        FileDescriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        std::filesystem::remove(path);
        EXPECT_EQ(::write(file.get(), "a\n", 2), 2);
        EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
        FileDescriptor copy{::fcntl(file.get(), F_DUPFD_CLOEXEC, 3)};
        auto lines = StdioLines::over(std::move(file), std::move(copy), {});
        EXPECT_TRUE(lines);
        EXPECT_EQ(co_await line_of(**lines), "a");
        EXPECT_TRUE(co_await (*lines)->write("b"));
    });
}

TEST(StdioLines, WritesWholeLinesBeyondWhatAPipeHolds)
{
    on_strand([](Runtime& runtime) -> Task<void> {
        Wire wire;
        const std::string line(300'000, 'x');
        std::string heard;
        boost::asio::post(runtime.blocking, [&] {
            while (heard.size() < 2 * (line.size() + 1)) heard += wire.from_us.read(65'536);
        });
        EXPECT_TRUE(co_await wire.lines->write(line));
        EXPECT_TRUE(co_await wire.lines->write(line));
        wire.lines.reset();
        runtime.blocking.join();
        EXPECT_EQ(heard, line + '\n' + line + '\n');
    });
}

TEST(StdioLines, TellsAClientThatIsGoneFromOneThatDoesNotRead)
{
    on_strand([](Runtime&) -> Task<void> {
        Wire wire{{.write_stall_timeout = std::chrono::milliseconds{1}}};
        const auto stalled = co_await wire.lines->write(std::string(300'000, 'x'));
        EXPECT_EQ(stalled.error().code(), Errc::deadline_exceeded);
        wire.from_us.out = {};
        const auto gone = co_await wire.lines->write("x");
        EXPECT_EQ(gone.error().code(), Errc::cancelled);
    });
}

}  // namespace
}  // namespace tailops::app
